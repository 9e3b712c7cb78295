import Foundation
import RouterCheckpoint
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

struct CorruptionTests {
  private static func write(planar: Bool, in directory: TemporaryDirectory) throws -> String {
    let path = directory.file("good")
    try sampleModel(seed: 2).write(to: path, options: .init(frameByteCount: 2048, planar: planar))
    return path
  }

  @Test func aFileCutAtAnyByteIsRefused() throws {
    let directory = try TemporaryDirectory()
    let path = try Self.write(planar: false, in: directory)
    let size = try fileBytes(path).count
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    for length in stride(from: size - 1, through: 0, by: -1) {
      try handle.truncate(atOffset: UInt64(length))
      let error = failureOfLoading(path)
      guard let error else {
        Issue.record("a file cut to \(length) of \(size) bytes loads")
        return
      }
      #expect([.corrupt, .notACheckpoint].contains(error.code), "\(length): \(error)")
      #expect(error.location.file == path)
    }
  }

  /// What an accident, a bad disk or a bad transfer does to a file.
  private enum Corruption: CaseIterable {
    case flippedBit, changedByte, zeroedRange, randomRange, swappedFrames, removedBytes, insertedBytes, cut

    func apply(
      to file: [UInt8], frames: [FrameInfo], using generator: inout SplitMix64
    ) -> [UInt8] {
      var bytes = file
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      let end = min(bytes.count, place + Int.random(in: 1...64, using: &generator))
      switch self {
      case .flippedBit: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case .changedByte: bytes[place] &+= UInt8.random(in: 1...255, using: &generator)
      case .zeroedRange: for i in place..<end { bytes[i] = 0 }
      case .randomRange: for i in place..<end { bytes[i] = UInt8.random(in: 0...255, using: &generator) }
      case .swappedFrames:
        let first = Int.random(in: 0..<frames.count - 1, using: &generator)
        let second = Int.random(in: first + 1..<frames.count, using: &generator)
        let (a, b) = (frames[first].compressedRange, frames[second].compressedRange)
        bytes = Array(bytes[..<a.lowerBound] + bytes[b] + bytes[a.upperBound..<b.lowerBound] + bytes[a])
        bytes += file[b.upperBound...]
      case .removedBytes: bytes.removeSubrange(place..<end)
      case .insertedBytes: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case .cut: bytes.removeSubrange(place...)
      }
      return bytes
    }
  }

  /// 500 corruptions of each kind of file.
  @Test(arguments: [false, true])
  func everyOneOfAThousandCorruptionsIsRefused(planar: Bool) throws {
    let directory = try TemporaryDirectory()
    let path = try Self.write(planar: planar, in: directory)
    let good = try fileBytes(path)
    let frames = try CheckpointReader(path: path).frames
    var generator = SplitMix64(seed: planar ? 11 : 12)
    var tried = 0
    while tried < 500 {
      let kind = Corruption.allCases[tried % Corruption.allCases.count]
      let bytes = kind.apply(to: good, frames: frames, using: &generator)
      // Zeroing zeros, or swapping equal frames, changes nothing.
      if bytes == good { continue }
      tried += 1
      let damaged = try directory.write(bytes, as: "damaged")
      let error = failureOfLoading(damaged)
      guard let error else {
        Issue.record("corruption \(tried), \(kind), goes unnoticed")
        return
      }
      #expect(error.location.file == damaged)
    }
  }

  /// The bits that zstd itself does not look at among them.
  @Test func everyFlippedBitOfASmallFileIsRefused() throws {
    let directory = try TemporaryDirectory()
    let model = SampleModel(
      metadata: try metadata(layers: 1),
      tensors: [
        .init(name: "model.norm.weight", dtype: .f32, shape: [32], bytes: (0..<128).map { UInt8($0 / 3) })
      ])
    let path = directory.file("good")
    try model.write(to: path)
    let good = try fileBytes(path)
    for bit in 0..<good.count * 8 {
      var bytes = good
      bytes[bit / 8] ^= 1 << (bit % 8)
      let damaged = try directory.write(bytes, as: "damaged")
      if failureOfLoading(damaged) == nil {
        Issue.record("bit \(bit % 8) of byte \(bit / 8) goes unnoticed")
      }
    }
  }

  @Test func verificationNamesTheDamagedTensorAndPlace() throws {
    let directory = try TemporaryDirectory()
    let path = try Self.write(planar: false, in: directory)
    var bytes = try fileBytes(path)
    let reader = try CheckpointReader(path: path)
    let frame = try #require(reader.frames.last { $0.section == .layer(2) })
    bytes[frame.compressedRange.lowerBound + frame.compressedRange.count / 2] ^= 0x10
    let damaged = try CheckpointReader(path: directory.write(bytes, as: "damaged"))
    let error = failure { () throws(CheckpointError) in try damaged.verify() }
    #expect(error?.code == .corrupt)
    #expect(error?.location.offset == frame.compressedRange.lowerBound)
    #expect(error?.location.tensor?.hasPrefix("model.layers.1.") == true)
    #expect("\(try #require(error))".contains(directory.file("damaged")))
  }

  @Test func aPrefixLoadsThoughALaterLayerIsDamaged() throws {
    let directory = try TemporaryDirectory()
    let path = try Self.write(planar: true, in: directory)
    var bytes = try fileBytes(path)
    let frames = try CheckpointReader(path: path).frames
    for frame in frames where frame.section == .layer(3) {
      for i in frame.compressedRange { bytes[i] = 0xAA }
    }
    let reader = try CheckpointReader(path: directory.write(bytes, as: "damaged"))
    let prefix = try reader.load(throughLayer: 2)
    let whole = try CheckpointReader(path: path).load()
    #expect(Set(prefix.names) == Set(whole.names.filter { !$0.hasPrefix("model.layers.2.") }))
    for name in prefix.names {
      #expect(RouterCheckpointTests.bytes(prefix[name]) == RouterCheckpointTests.bytes(whole[name]))
    }
    #expect(failure { () throws(CheckpointError) in _ = try reader.load(throughLayer: 3) }?.code == .corrupt)
    #expect(failure { () throws(CheckpointError) in _ = try reader.load() }?.code == .corrupt)
    for layer in [0, 4, -1] {
      let error = failure { () throws(CheckpointError) in _ = try reader.load(throughLayer: layer) }
      #expect(error?.code == .invalidRequest)
    }
  }

  @Test func aFileThatShrinksWhileItIsOpenIsRefused() throws {
    let directory = try TemporaryDirectory()
    let path = try Self.write(planar: false, in: directory)
    let reader = try CheckpointReader(path: path)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: UInt64(reader.fileByteCount / 2))
    #expect(failure { () throws(CheckpointError) in _ = try reader.load() }?.code == .corrupt)
  }

  @Test func otherFilesAreRecognised() throws {
    let directory = try TemporaryDirectory()
    func error(_ bytes: [UInt8]) throws -> CheckpointError? {
      failureOfLoading(try directory.write(bytes, as: "other"))
    }
    let padding = [UInt8](repeating: 0, count: 100)
    #expect(try error([])?.code == .notACheckpoint)
    #expect(try error(Array("GGUF".utf8) + padding)?.what == "this is a GGUF file")
    #expect(try error([8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))?.code == .notACheckpoint)
    #expect(try error([0x28, 0xB5, 0x2F, 0xFD] + padding)?.code == .corrupt)
    #expect(failureOfLoading(directory.path)?.code == .inputOutput)
    #expect(failureOfLoading("/dev/zero")?.code == .inputOutput)
    #expect(failureOfLoading(directory.file("missing"))?.code == .notFound)
  }
}
