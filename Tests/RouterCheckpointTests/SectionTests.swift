import RouterCheckpoint
import RouterTensor
import RouterTestSupport
import Synchronization
import Testing

/// Loading section by section.
struct SectionTests {
  /// Both with memory that each section's reader keeps and with memory that it lets go.
  @Test(arguments: [false, true], [1, 3])
  func everySectionComesOnceAndWhole(keepsTensors: Bool, threadCount: Int) throws {
    let directory = try TemporaryDirectory()
    let model = try sampleModel()
    for planar in [false, true] {
      let path = directory.file("\(planar)")
      try model.write(to: path, options: .init(frameByteCount: 1 << 10, planar: planar))
      let reader = try CheckpointReader(path: path)
      let found = Mutex<[String: [UInt8]]>([:])
      let kept = Mutex<[LoadedTensors]>([])
      let sections = Mutex<[FrameSection]>([])
      try reader.forEachSection(threadCount: threadCount) { section, tensors in
        sections.withLock { $0.append(section) }
        found.withLock { found in
          for name in tensors.names { found[name] = bytes(tensors[name]) }
        }
        if keepsTensors { kept.withLock { $0.append(tensors) } }
      }
      let expected = Dictionary(uniqueKeysWithValues: model.tensors.map { ($0.name, $0.bytes) })
      #expect(found.withLock { $0 } == expected)
      let seen = sections.withLock { $0 }
      #expect(Set(seen).count == seen.count)
      // What was kept is still what it was.
      for tensors in kept.withLock({ $0 }) {
        for name in tensors.names { #expect(bytes(tensors[name]) == expected[name], "\(name)") }
      }
    }
  }
}
