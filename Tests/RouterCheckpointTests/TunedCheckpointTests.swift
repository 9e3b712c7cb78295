import Foundation
import RouterCheckpoint
import RouterTensor
import RouterTestSupport
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

  /// A model of 3 layers with adapters at exits 1 and 2 and, if wanted, a draft table.
  private func writeAdapted(_ directory: TemporaryDirectory, drafts: Bool = true) throws {
    var sample = try sampleModel()
    let plain = try metadata(exits: [1, 2, 3])
    // Another import of this source would have the same weights.
    sample.metadata = try CheckpointMetadata(
      name: plain.name, configuration: plain.configuration, exits: plain.exits, tokenizer: plain.tokenizer,
      quantization: "mixed q4/q8/bf16/f32",
      provenance: Provenance(
        source: "sample", sourceSHA256: String(repeating: "a5", count: 32), tool: "tests"))
    try sample.write(to: directory.file("bare"))
    let bare = try CheckpointReader(path: directory.file("bare"))
    let record = AdapterRecord(
      kind: .linear, exits: [1, 2], base: bare.metadata, fingerprint: bare.fingerprint, tuning: "seed 1",
      license: "MIT")
    let tensors = [1, 2].flatMap { exit in
      ExitAdapterKind.linear.parts(width: 32).map { part in
        AdapterFile.Tensor(
          name: TensorName.adapter(exit: exit, part.name), shape: part.shape,
          values: [Float](repeating: 0.25, count: part.shape.reduce(1, *)))
      }
    }
    let file = directory.file("adapter")
    try AdapterFile.write(
      to: file, record: record, tensors: tensors, base: bare.metadata, tool: "tests", encoding: .q8)
    if drafts {
      try AdapterFile(path: file).write(
        to: file, drafts: [UInt32](repeating: 7, count: 16), from: "an answer", tool: "tests")
    }
    try AdapterMerge.merge(AdapterFile(path: file), into: directory.file("bare"), to: directory.file("base"))
  }

  @Test func tunedAdaptersBelongToTheTunedWeights() throws {
    let directory = try TemporaryDirectory()
    try writeAdapted(directory)
    let weight = TensorName.adapter(exit: 2, "linear.weight")
    let gate = TensorName.layer(0, .gateWeight)
    try TunedCheckpoint.write(
      to: directory.file("tuned"), base: CheckpointReader(path: directory.file("base")),
      tensors: [tensor(gate, [64, 32], 0.5), tensor(weight, [32, 32], 1)], tuning: "a run", tool: "tests")
    let tuned = try CheckpointReader(path: directory.file("tuned"))
    let record = try #require(tuned.metadata.adapter)
    #expect(record.exits == [1, 2] && record.kind == .linear && record.license == "MIT")
    #expect(
      record.tuning
        == "a run; started from adapters made by: seed 1; as they were at exits 1; guesses: before the tuning, an answer"
    )
    let (old, new) = (try CheckpointReader(path: directory.file("base")).load(), try tuned.load())
    for name in [TensorName.adapter(exit: 1, "linear.weight"), TensorName.drafts] {
      #expect(bytes(new[name]) == bytes(old[name]) && new[name] != nil, "\(name)")
    }
    #expect(bytes(new["\(weight).scale"]) != bytes(old["\(weight).scale"]))
    #expect(new[weight]?.descriptor.dtype == .i8)
    #expect(tuned.metadata.quantization == "mixed q4/q8/bf16/f32")

    // Taken out and put back, they are the same; the old weights are not theirs.
    let (adapter, plain, again) = (directory.file("out"), directory.file("plain"), directory.file("again"))
    try AdapterMerge.extract(from: directory.file("tuned"), to: adapter, tool: "tests")
    try AdapterMerge.remove(from: directory.file("tuned"), to: plain)
    try AdapterMerge.merge(AdapterFile(path: adapter), into: plain, to: again)
    #expect(try fileBytes(again) == fileBytes(directory.file("tuned")))
    for other in ["bare", "base"] {
      #expect(throws: CheckpointError.self) {
        try AdapterMerge.merge(AdapterFile(path: adapter), into: directory.file(other), to: again)
      }
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: directory.path).allSatisfy { !$0.hasPrefix(".") })
  }

  @Test func aCutModelKeepsTheAdaptersBelowItsLastLayer() throws {
    let directory = try TemporaryDirectory()
    try writeAdapted(directory)
    let base = try CheckpointReader(path: directory.file("base"))
    func cut(_ depth: Int) throws -> CheckpointReader {
      try TunedCheckpoint.write(
        to: directory.file("cut"), base: base, tensors: [], depth: depth, tuning: "extracted", tool: "tests")
      return try CheckpointReader(path: directory.file("cut"))
    }
    let two = try cut(2)
    #expect(two.metadata.adapter?.exits == [1])
    #expect(two.metadata.adapter?.tuning.contains("guesses") == false)
    let names = two.tensors.map(\.name).filter(TensorName.isOfAdapter)
    #expect(names.allSatisfy { $0.hasPrefix("exits.1.") } && !names.isEmpty)
    let one = try cut(1)
    #expect(one.metadata.adapter == nil && !one.tensors.contains { TensorName.isOfAdapter($0.name) })
  }
}
