import RouterCheckpoint
import RouterTensor
import Testing

struct TunedCheckpointTests {
  private func tensor(_ name: String, _ shape: [Int], _ value: Float) -> TunedCheckpoint.Tensor {
    TunedCheckpoint.Tensor(
      name: name, shape: shape, values: [Float](repeating: value, count: shape.reduce(1, *)))
  }

  /// Layer 1 of the sample is BF16, layer 2 in 4-bit codes, layer 3 F32.
  @Test func eachTensorKeepsTheEncodingThatItHad() throws {
    let directory = try TemporaryDirectory()
    try sampleModel().write(to: directory.file("base"))
    let base = try CheckpointReader(path: directory.file("base"))
    let names = (0..<3).map { TensorName.layer($0, .gateWeight) }
    let norm = TensorName.finalNorm
    try TunedCheckpoint.write(
      to: directory.file("tuned"), base: base,
      tensors: names.map { tensor($0, [64, 32], 0.5) } + [tensor(norm, [32], 2)], tuning: "a test",
      tool: "tests")
    let tuned = try CheckpointReader(path: directory.file("tuned"))
    #expect(tuned.metadata.provenance.tuning == "a test" && tuned.metadata.exits == base.metadata.exits)
    #expect(tuned.tensors.map(\.name) == base.tensors.map(\.name))
    #expect(tuned.tensors.map(\.dtype) == base.tensors.map(\.dtype))
    #expect(tuned.tensors.map(\.shape) == base.tensors.map(\.shape))
    let (old, new) = (try base.load(), try tuned.load())
    #expect(new[names[2]]?.buffer.elements(of: Float.self).allSatisfy { $0 == 0.5 } == true)
    #expect(new[norm]?.buffer.elements(of: Float.self).allSatisfy { $0 == 2 } == true)
    for name in old.names where !(names + [norm]).contains(where: name.hasPrefix) {
      #expect(bytes(new[name]) == bytes(old[name]), "\(name)")
    }
  }

  /// The sample's shared head is BF16.
  @Test func anExitsOwnHeadIsStoredAsTheSharedOneIs() throws {
    let directory = try TemporaryDirectory()
    try sampleModel().write(to: directory.file("base"))
    try TunedCheckpoint.write(
      to: directory.file("tuned"), base: CheckpointReader(path: directory.file("base")),
      tensors: [tensor(TensorName.exitHead(1), [40, 32], 1)], tuning: "ict", tool: "tests")
    let head = try CheckpointReader(path: directory.file("tuned")).load()[TensorName.exitHead(1)]
    #expect(head?.descriptor.dtype == .bf16 && head?.descriptor.layer == 1)
  }

  @Test func tunedMatricesMayGetAnotherEncoding() throws {
    let directory = try TemporaryDirectory()
    try sampleModel().write(to: directory.file("base"))
    let name = TensorName.layer(1, .gateWeight)
    try TunedCheckpoint.write(
      to: directory.file("tuned"), base: CheckpointReader(path: directory.file("base")),
      tensors: [tensor(name, [64, 32], 0.25)], encoding: .q8, tuning: "t", tool: "tests")
    let tuned = try CheckpointReader(path: directory.file("tuned"))
    let loaded = try tuned.load()
    #expect(loaded[name]?.descriptor.dtype == .i8 && loaded["\(name).scale"] != nil)
    #expect(loaded["\(name).min"] == nil)
    // The sample has BF16, F32 and 4-bit matrices, and an 8-bit embedding.
    #expect(tuned.metadata.quantization == "mixed q4/q8/bf16/f32")
  }

  @Test func aCutModelIsAModelOfItsOwn() throws {
    let directory = try TemporaryDirectory()
    var sample = try sampleModel()
    sample.metadata = try metadata(exits: [1, 2, 3])
    try sample.write(to: directory.file("base"))
    try TunedCheckpoint.write(
      to: directory.file("cut"), base: CheckpointReader(path: directory.file("base")), tensors: [], depth: 2,
      tuning: "extracted", tool: "tests")
    let cut = try CheckpointReader(path: directory.file("cut"))
    #expect(cut.metadata.configuration.layerCount == 2 && cut.metadata.exits == [1, 2])
    #expect(cut.tensors.allSatisfy { ($0.layer ?? 0) <= 2 })
  }
}
