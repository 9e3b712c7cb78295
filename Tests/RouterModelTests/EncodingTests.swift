import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// Models with weights in 16, 8 and 4 bits, against the f32 model on the same weights decoded.
struct EncodingTests {
  private static let fixtures = ModelFixture.all.filter { ["tied head", "qwen2"].contains($0.name) }

  private func logits(_ model: LlamaModel, _ tokens: [Int32]) throws -> [Float] {
    let session = try InferenceSession(model: model, capacity: tokens.count)
    try session.begin(tokens)
    session.advance(to: session.depthLimit)
    return session.logits()
  }

  /// With f32 activations only the order of sums differs.
  @Test(arguments: fixtures, [WeightEncoding.bf16, .q8, .q4])
  func exactActivationsGiveTheDecodedModel(fixture: ModelFixture, encoding: WeightEncoding) throws {
    var tiny = TinyModel(configuration: fixture.configuration, encoding: encoding, precision: .f32)
    let found = try logits(tiny.model(), fixture.tokens)
    (tiny.isDecoded, tiny.precision) = (true, .int8)
    let error = relativeError(found, try logits(tiny.model(), fixture.tokens))
    #expect(error < 1e-5)
    // The encoding is not a no-op: the weights are not those of the f32 model.
    let unencoded = try logits(TinyModel(configuration: fixture.configuration).model(), fixture.tokens)
    #expect(relativeError(found, unencoded) > 1e-4)
  }

  /// 8-bit activations round each element by up to 1/254 of its group's largest: with 28 products in a row a few
  /// per cent of the largest logit at worst.
  @Test(arguments: fixtures, [WeightEncoding.q8, .q4])
  func roundedActivationsStayNearTheDecodedModel(fixture: ModelFixture, encoding: WeightEncoding) throws {
    var tiny = TinyModel(configuration: fixture.configuration, encoding: encoding)
    let found = try logits(tiny.model(), fixture.tokens)
    tiny.isDecoded = true
    let error = relativeError(found, try logits(tiny.model(), fixture.tokens))
    #expect(error < 0.05)
    #expect(error > 1e-5, "activations were not rounded")
  }

  /// Every instruction set computes the same model.
  @Test(arguments: [WeightEncoding.f32, .bf16, .q8, .q4])
  func instructionSetsAgree(encoding: WeightEncoding) throws {
    let fixture = try ModelFixture.named("tied head")
    let tiny = TinyModel(configuration: fixture.configuration, encoding: encoding)
    let scalar = try #require(Kernels(.scalar))
    let expected = try logits(tiny.model(kernels: scalar), fixture.tokens)
    for set in Kernels.InstructionSet.allCases {
      guard let kernels = Kernels(set) else { continue }
      // A code may round to the other side where activations differ in their last bits.
      let found = try logits(tiny.model(kernels: kernels), fixture.tokens)
      #expect(relativeError(found, expected) < (encoding.isQuantized ? 0.02 : 1e-5), "\(set)")
    }
  }

  @Test func aTiedHeadIsCountedOnce() throws {
    let tied = TinyModel(configuration: try ModelFixture.named("tied head").configuration).model().weights
    let untied = TinyModel(configuration: try ModelFixture.named("untied head").configuration).model().weights
    #expect(tied.head.isSameStorage(as: tied.embedding))
    #expect(!untied.head.isSameStorage(as: untied.embedding))
    #expect(untied.byteCount - tied.byteCount == 96 * 64 * 4)
  }
}
