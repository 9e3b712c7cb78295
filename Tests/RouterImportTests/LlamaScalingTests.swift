import RouterCheckpoint
import RouterImport
import Testing

/// Divisors come from transformers' `ROPE_INIT_FUNCTIONS["llama3"]`; see .ci/fixtures/gguf_blocks.py.
@Suite struct LlamaScalingTests {
  private func divisors(_ model: String) throws -> [Double] {
    try #require(Fixture.json("rope-divisors.json")[model]?.elements).compactMap(\.number)
  }

  @Test(arguments: [("Llama-3.1-8B", 8.0, 128), ("Llama-3.2-1B", 32.0, 64)])
  func findsThePublishedParameters(model: String, factor: Double, headWidth: Int) throws {
    let scaling = LlamaScaling.recover(try divisors(model), base: 500_000, headWidth: headWidth)
    #expect(
      scaling
        == .llama3(factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192)
    )
  }

  @Test func findsUnusualParametersByFitting() {
    let made = LlamaScaling.divisors(
      factor: 5, lowFrequencyFactor: 1, highFrequencyFactor: 6, originalContextLength: 3000, base: 10_000,
      headWidth: 128)
    #expect(
      LlamaScaling.recover(made, base: 10_000, headWidth: 128)
        == .llama3(factor: 5, lowFrequencyFactor: 1, highFrequencyFactor: 6, originalContextLength: 3000))
  }

  @Test func equalDivisorsAreLinearScaling() {
    #expect(LlamaScaling.recover([4, 4, 4, 4], base: 10_000, headWidth: 8) == .linear(factor: 4))
    #expect(LlamaScaling.recover([1, 1, 1, 1], base: 10_000, headWidth: 8) == RotaryScaling.none)
  }

  @Test func refusesDivisorsOfAnotherKind() throws {
    var changed = try divisors("Llama-3.2-1B")
    changed[16] *= 1.001
    #expect(LlamaScaling.recover(changed, base: 500_000, headWidth: 64) == nil)
    #expect(LlamaScaling.recover([1, 2, 1, 2], base: 10_000, headWidth: 8) == nil)
    #expect(LlamaScaling.recover([1, .nan, 1, 2], base: 10_000, headWidth: 8) == nil)
    #expect(LlamaScaling.recover([1, 2], base: 10_000, headWidth: 8) == nil)
  }
}
