import RouterCheckpoint
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

struct WriterTests {
  private struct Refusal: Error {}

  private func zeros(_ name: String, _ shape: [Int]) -> PendingTensor {
    PendingTensor(name: name, dtype: .f32, shape: shape) { _ in }
  }

  @Test func aTensorThatCannotBeProducedLeavesNothingBehind() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(Array("before".utf8), as: "model")
    let model = try sampleModel()
    let broken = PendingTensor(name: TensorName.layer(2, .downWeight), dtype: .f32, shape: [4]) { _ in
      throw Refusal()
    }
    let tensors = model.pending.filter { $0.name != broken.name } + [broken]
    let error = failure { () throws(CheckpointError) in
      try CheckpointWriter.write(to: path, metadata: model.metadata, tensors: tensors, options: .small)
    }
    #expect(error?.code == .tensorSource)
    #expect(error?.underlying is Refusal)
    #expect(error?.location == .init(file: path, tensor: broken.name))
    #expect(try directory.contents() == ["model"])
    #expect(try fileBytes(path) == Array("before".utf8))
  }

  @Test func errorsOfThisModuleComeThroughUnchanged() throws {
    let directory = try TemporaryDirectory()
    let tensor = PendingTensor(name: "a", dtype: .f32, shape: [4]) { _ in
      throw CheckpointError(.corrupt, "the source is damaged", at: .init(file: "source"), remedy: "Mend it.")
    }
    let error = failure { () throws(CheckpointError) in
      try CheckpointWriter.write(to: directory.file("a"), metadata: metadata(), tensors: [tensor])
    }
    #expect(error?.description == "the source is damaged (source). Mend it.")
    #expect(try directory.contents().isEmpty)
  }

  @Test func replacesAFileThatIsBeingRead() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("a")
    let old = try sampleModel(seed: 1)
    try old.write(to: path)
    let reader = try CheckpointReader(path: path)
    try sampleModel(seed: 2).write(to: path)
    let loaded = try reader.load()
    for tensor in old.tensors { #expect(bytes(loaded[tensor.name]) == tensor.bytes) }
    #expect(try CheckpointReader(path: path).fingerprint != reader.fingerprint)
    #expect(try directory.contents() == ["a"])
  }

  @Test func placesThatCannotBeWrittenAreNamed() throws {
    let directory = try TemporaryDirectory()
    let model = try sampleModel()
    func error(_ path: String) -> CheckpointError? {
      failure { () throws(CheckpointError) in
        try CheckpointWriter.write(to: path, metadata: model.metadata, tensors: model.pending)
      }
    }
    let missing = directory.file("missing/a")
    #expect(error(missing)?.code == .notFound)
    #expect(error(missing)?.location.file == missing)
    // A directory cannot be replaced by a file; what was written must go.
    #expect(error(directory.path + "/.")?.code == .inputOutput)
    #expect(try directory.contents().isEmpty)
    #expect(error("/proc/self/a") != nil)
  }

  @Test func tensorsThatCannotBeStoredAreRefused() throws {
    let directory = try TemporaryDirectory()
    let wrong: [[PendingTensor]] = [
      [zeros("", [4])], [zeros("a b", [4])], [zeros("a\u{0}", [4])], [zeros("a", [4]), zeros("a", [4])],
      [zeros("a.exponent", [4])], [zeros("a.mantissa", [4])], [zeros("model.layers.3.a", [4])],
      [zeros("a", [-4])], [zeros("a", [0])], [zeros("a", [Int.max])],
      [zeros("a", [Int.max / 8]), zeros("b", [Int.max / 8]), zeros("c", [Int.max / 8])],
      [zeros("a", [1, 1, 1, 1, 1, 1, 1, 1, 4])],
    ]
    for tensors in wrong {
      let error = failure { () throws(CheckpointError) in
        try CheckpointWriter.write(to: directory.file("a"), metadata: metadata(), tensors: tensors)
      }
      #expect(error?.code == .invalidRequest)
    }
    for options in [
      CheckpointWriter.Options(level: 23), .init(level: -8), .init(frameByteCount: 0),
      .init(frameByteCount: 1 << 30),
    ] {
      let error = failure { () throws(CheckpointError) in
        try CheckpointWriter.write(
          to: directory.file("a"), metadata: metadata(), tensors: [], options: options)
      }
      #expect(error?.code == .invalidRequest)
    }
    #expect(try directory.contents().isEmpty)
  }

  /// The law behind the reader's memory limit: what the reader would refuse is not written.
  @Test func aModelOfZerosIsRefusedByTheWriterToo() throws {
    let directory = try TemporaryDirectory()
    let error = failure { () throws(CheckpointError) in
      try CheckpointWriter.write(
        to: directory.file("a"), metadata: metadata(), tensors: [zeros(TensorName.head, [20 << 20])])
    }
    #expect(error?.code == .tooLarge)
    #expect(try directory.contents().isEmpty)
  }

  /// Codes of four values of sixteen, so that entropy coding halves them.
  @Test func quantizedCodesAreCompressedOnlyAboveLevelOne() throws {
    let directory = try TemporaryDirectory()
    var generator = SplitMix64(seed: 4)
    let codes = (0..<1 << 16).map { _ in
      UInt8.random(in: 6...9, using: &generator) | UInt8.random(in: 6...9, using: &generator) << 4
    }
    let model = SampleModel(
      metadata: try metadata(layers: 1),
      tensors: [.init(name: TensorName.head, dtype: .u8, shape: [256, 256], bytes: codes)])
    try model.write(to: directory.file("1"), options: .init(level: 1))
    try model.write(to: directory.file("3"), options: .init(level: 3))
    let stored = try CheckpointReader(path: directory.file("1"))
    let compressed = try CheckpointReader(path: directory.file("3"))
    #expect(stored.fileByteCount > codes.count)
    #expect(compressed.fileByteCount < codes.count * 6 / 10)
    #expect(try bytes(stored.load()[TensorName.head]) == codes)
    #expect(try bytes(compressed.load()[TensorName.head]) == codes)
    #expect(stored.fingerprint == compressed.fingerprint)
  }

  @Test func eachTensorIsFilledOnceInItsOwnZeroedMemory() throws {
    let directory = try TemporaryDirectory()
    let counts = ProgressLog()
    let tensors = (0..<20).map { index in
      PendingTensor(name: "tensor\(index)", dtype: .bf16, shape: [index + 1, 700]) { target in
        guard target.count == (index + 1) * 1400, target.allSatisfy({ $0 == 0 }) else { throw Refusal() }
        counts.add(Double(index))
        target.copyBytes(from: (0..<target.count).map { UInt8(truncatingIfNeeded: $0 &* (index + 3)) })
      }
    }
    try CheckpointWriter.write(
      to: directory.file("a"), metadata: metadata(), tensors: tensors, options: .planar(frameByteCount: 4096))
    #expect(counts.values.sorted() == (0..<20).map(Double.init))
    try CheckpointReader(path: directory.file("a")).verify()
  }
}
