import RouterEvaluation
import Testing

struct SystemFactsTests {
  /// Forms of Linux's /proc/cpuinfo on x86 and on Arm.
  @Test func theProcessorIsNamedByItsFields() {
    let x86 = "processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\n"
    #expect(Processor.name(cpuinfo: x86) == "AMD EPYC, family 26 model 2")
    let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"
    #expect(Processor.name(cpuinfo: arm) == "Arm implementer 0x41 part 0xd0c")
    #expect(Processor.name(cpuinfo: "nothing") == nil)
  }

  @Test func cacheSizesHaveUnits() {
    #expect(Processor.cacheSize("32768K") == 32 << 20)
    #expect(Processor.cacheSize("2M") == 2 << 20)
    #expect(Processor.cacheSize("64") == 64)
    #expect(Processor.cacheSize("K") == nil)
  }
}
