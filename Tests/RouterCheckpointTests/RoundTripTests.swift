import RouterCheckpoint
import RouterTensor
import RouterTestSupport
import Testing

struct RoundTripTests {
  @Test(arguments: [false, true], [1 << 10, 4 << 20])
  func loadsExactlyWhatWasWritten(planar: Bool, frameByteCount: Int) throws {
    let directory = try TemporaryDirectory()
    let model = try sampleModel()
    let path = directory.file("a.safetensors.zst")
    try model.write(to: path, options: .init(frameByteCount: frameByteCount, planar: planar))

    let reader = try CheckpointReader(path: path)
    #expect(reader.metadata == model.metadata)
    let loaded = try reader.load()
    #expect(Set(loaded.names) == Set(model.tensors.map(\.name)))
    for tensor in model.tensors {
      let found = try loaded.tensor(tensor.name, dtype: tensor.dtype, shape: tensor.shape)
      #expect(bytes(found) == tensor.bytes, "\(tensor.name)")
    }
    try reader.verify()
  }

  @Test(arguments: [false, true])
  func writingWhatWasReadGivesTheSameBytes(planar: Bool) throws {
    let directory = try TemporaryDirectory()
    let options = CheckpointWriter.Options(frameByteCount: 1 << 11, planar: planar)
    try sampleModel().write(to: directory.file("a"), options: options)
    let reader = try CheckpointReader(path: directory.file("a"))
    let loaded = try reader.load()
    let again = reader.tensors.map { descriptor in
      PendingTensor(name: descriptor.name, dtype: descriptor.dtype, shape: descriptor.shape) { target in
        target.copyBytes(from: bytes(loaded[descriptor.name]))
      }
    }
    try CheckpointWriter.write(
      to: directory.file("b"), metadata: reader.metadata, tensors: again, options: options)
    #expect(try fileBytes(directory.file("a")) == fileBytes(directory.file("b")))
  }

  @Test func bytesDoNotDependOnTheOrderOfTensorsOrTheNumberOfThreads() throws {
    let directory = try TemporaryDirectory()
    var model = try sampleModel()
    try model.write(to: directory.file("a"), options: .init(frameByteCount: 1 << 10, threadCount: 1))
    model.tensors.reverse()
    try model.write(to: directory.file("b"), options: .init(frameByteCount: 1 << 10, threadCount: 4))
    #expect(try fileBytes(directory.file("a")) == fileBytes(directory.file("b")))
  }

  @Test func storesTensorsInTheOrderOfTheirUse() throws {
    let directory = try TemporaryDirectory()
    try sampleModel().write(to: directory.file("a"))
    let names = try CheckpointReader(path: directory.file("a")).tensors.map(\.name)
    #expect(
      names.prefix(7) == [
        "model.embed_tokens.weight", "model.embed_tokens.weight.scale", "model.norm.weight", "lm_head.weight",
        "model.layers.0.input_layernorm.weight", "model.layers.0.self_attn.q_proj.weight",
        "model.layers.0.self_attn.q_proj.bias",
      ])
    #expect(
      names.suffix(4) == [
        "model.layers.2.post_attention_layernorm.weight", "model.layers.2.mlp.gate_proj.weight",
        "model.layers.2.mlp.up_proj.weight", "model.layers.2.mlp.down_proj.weight",
      ])
    let second = TensorName.layer(1, .queryWeight)
    let place = try #require(names.firstIndex(of: second))
    let group = Array(names[place...].prefix(3))
    #expect(group == [second, second + ".scale", second + ".min"])
  }

  @Test func framesFillTheFileAndStayWithinOneSection() throws {
    let directory = try TemporaryDirectory()
    try sampleModel().write(to: directory.file("a"))
    let reader = try CheckpointReader(path: directory.file("a"))
    var place = 0
    var content = 0
    for frame in reader.frames {
      #expect(frame.compressedRange.lowerBound == place)
      #expect(frame.decompressedRange.lowerBound == content)
      #expect(frame.decompressedRange.count <= 1 << 10)
      place = frame.compressedRange.upperBound
      content = frame.decompressedRange.upperBound
    }
    let sections = reader.frames.map(\.section).reduce(into: [FrameSection]()) { known, next in
      if known.last != next { known.append(next) }
    }
    #expect(sections == [.header, .shared, .layer(1), .layer(2), .layer(3)])
    // 2 layers of each width: weights counted by hand from the shapes in `sampleModel`.
    let bf16 = 2 * (32 * 32 + 16 * 32 + 16 * 32 + 32 * 32 + 3 * 64 * 32) + (3 * 32 + 2 * 16) * 4
    let first = reader.frames.filter { $0.section == .layer(1) }.reduce(0) { $0 + $1.decompressedRange.count }
    #expect(first == bf16)
  }

  @Test func fingerprintDependsOnTheModelAndNotOnTheLevel() throws {
    let directory = try TemporaryDirectory()
    let model = try sampleModel()
    var prints: [String] = []
    for level in [-7, 1, 19] {
      let path = directory.file("level\(level)")
      try model.write(to: path, options: .init(level: level, frameByteCount: 1 << 12))
      prints.append(try CheckpointReader(path: path).fingerprint)
    }
    #expect(Set(prints).count == 1)
    #expect(prints[0].count == 64)

    var changed = model
    changed.tensors[5].bytes[3] ^= 1
    try changed.write(to: directory.file("changed"), options: .init(frameByteCount: 1 << 12))
    #expect(try CheckpointReader(path: directory.file("changed")).fingerprint != prints[0])
  }

  @Test func progressGrowsToOne() throws {
    let directory = try TemporaryDirectory()
    let model = try sampleModel()
    let path = directory.file("a")
    let writing = ProgressLog()
    try CheckpointWriter.write(
      to: path, metadata: model.metadata, tensors: model.pending, options: .small, progress: writing.add)
    let loading = ProgressLog()
    let verifying = ProgressLog()
    let reader = try CheckpointReader(path: path)
    _ = try reader.load(progress: loading.add)
    try reader.verify(progress: verifying.add)
    for log in [writing, loading, verifying] {
      let values = log.values
      #expect(values.last == 1)
      #expect(values.count > 5)
      #expect(zip(values, values.dropFirst()).allSatisfy(<=))
    }
  }

  @Test func asksForTensorsByNameTypeAndShape() throws {
    let directory = try TemporaryDirectory()
    try sampleModel().write(to: directory.file("a"))
    let loaded = try CheckpointReader(path: directory.file("a")).load()
    func code(_ name: String, _ dtype: DType, _ shape: [Int]) -> CheckpointError.Code? {
      failure { () throws(CheckpointError) in _ = try loaded.tensor(name, dtype: dtype, shape: shape) }?.code
    }
    #expect(code(TensorName.head, .bf16, [40, 32]) == nil)
    #expect(code(TensorName.head, .f16, [40, 32]) == .tensorMismatch)
    #expect(code(TensorName.head, .bf16, [32, 40]) == .tensorMismatch)
    #expect(code("model.rope.freqs", .f32, [4]) == .missingTensor)
    #expect(Int(bitPattern: loaded[TensorName.head]?.buffer.pointer) % 64 == 0)
  }
}
