import Foundation
import RouterCheckpoint
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

struct TuningNotesTests {
  /// The notes on a model of 3 layers with adapters at exits 1 and 2, a draft table, and a head of its own at exit 2.
  private func notes(
    _ method: String, tuned: [Int], depth: Int? = nil, encoding: WeightEncoding? = nil, isQ4: Bool = false
  ) throws -> [String] {
    let directory = try TemporaryDirectory()
    let configuration = try ModelConfiguration(
      architecture: .llama, layerCount: 3, width: 32, headCount: 2, keyValueHeadCount: 2, headWidth: 16,
      feedForwardWidth: 64, vocabularySize: 40, contextLength: 64, normEpsilon: 1e-5,
      rotary: RotaryEmbedding(base: 10000), tiedHead: true, attentionBias: false)
    let base = try CheckpointMetadata(
      name: "tiny", configuration: configuration, exits: [1, 2, 3], tokenizer: "{}", quantization: "f32",
      provenance: Provenance(source: "fixture", tool: "tests"))
    let metadata = try base.with(
      AdapterRecord(
        kind: .linear, exits: [1, 2], base: base, fingerprint: "tiny", tuning: "test", license: nil))
    func tensor(_ name: String, _ shape: [Int]) -> [PendingTensor] {
      PendingTensor.encoding(
        name, shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)), as: .f32)
    }
    let names = [TensorName.exitHead(2), TensorName.drafts]
    let gate = PendingTensor.encoding(
      TensorName.layer(0, .gateWeight), shape: [64, 32], values: [Float](repeating: 0, count: 2048),
      as: isQ4 ? .q4 : .q8)
    try CheckpointWriter.write(
      to: directory.file("model"), metadata: metadata, tensors: names.flatMap { tensor($0, [16]) } + gate)
    return TuningNotes.notes(
      on: try CheckpointReader(path: directory.file("model")),
      method: try #require(TuningMethod(rawValue: method)),
      tuned: tuned, depth: depth, encoding: encoding)
  }

  @Test func fewBitsRoundShortRunsAway() throws {
    func warns(_ method: String, _ encoding: WeightEncoding?, isQ4: Bool) throws -> Bool {
      try notes(method, tuned: [1, 2], encoding: encoding, isQ4: isQ4).contains { $0.contains("4 bits") }
    }
    #expect(try warns("soft", nil, isQ4: true) && warns("sft", .q4, isQ4: false))
    #expect(try !warns("soft", .q8, isQ4: true) && !warns("soft", nil, isQ4: false))
    #expect(try !warns("ict", nil, isQ4: true))
  }

  @Test func nothingChangesWithoutAWord() throws {
    #expect(
      try notes("soft", tuned: [1, 2]) == [
        "adapters of exits 1 2 are tuned along",
        "the own heads of exits 2 go: the shared head is tuned",
        "the draft table stays as it is, and its drafts may be accepted less often; `router adapter drafts` learns a new one",
      ])
    #expect(
      try notes("sft", tuned: [])[0]
        == "adapters of exits 1 2 stay as they are, though the layers below them change")
    #expect(
      try notes("ict", tuned: [2]) == [
        "adapters of exits 2 are tuned along", "adapters of exits 1 stay as they are",
        "the own heads of exits 2 go: new ones start from the shared head",
      ])
    #expect(
      try notes("extracted", tuned: [], depth: 2) == [
        "adapters of exits 1 stay as they are, though the layers below them change",
        "adapters of exits 2 go: full depth and what is cut off have none",
        "the own heads of exits 2 go: the shared head is tuned",
        "the draft table goes, since it is of the whole model",
      ])
  }
}
