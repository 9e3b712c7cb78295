import RouterTensor
import Testing

struct SystemMemoryTests {
  @Test func memoryIsReadInKilobytes() {
    let status = "VmPeak:\t  999 kB\nVmRSS:\t    1234 kB\n"
    #expect(SystemMemory.kilobytes("VmRSS", of: status) == 1234 * 1024)
    #expect(SystemMemory.kilobytes("VmHWM", of: status) == nil)
  }

  @Test func thisProcessOccupiesMemory() throws {
    #expect(SystemMemory.available > 0)
    #if os(Linux)
      let resident = try #require(SystemMemory.resident)
      let peak = try #require(SystemMemory.peakResident)
      #expect(resident > 0 && peak >= resident)
    #endif
  }
}
