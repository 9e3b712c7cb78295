import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

@Suite struct ParameterLayoutTests {
  /// Every tensor of the table once, without gaps.
  @Test(arguments: [false, true]) func aBlockHoldsTheTable(isBiased: Bool) throws {
    let tiny = try isBiased ? TinyModel.biased() : .plain()
    let table = TensorTable(tiny.configuration)
    for layerCount in 0...tiny.configuration.layerCount {
      let layout = ParameterLayout(table, layerCount: layerCount)
      var end = 0
      for parameter in layout.parameters {
        #expect(parameter.range == end..<end + parameter.entry.elementCount)
        end = parameter.range.upperBound
      }
      #expect(layout.count == end)
      let entries = table.entries(layerCount: layerCount)
      #expect(layout.parameters.count == entries.count)
      for entry in entries { #expect(layout.parameters.contains { $0.entry == entry }, "\(entry.name)") }
      for (index, layer) in layout.layers.enumerated() {
        let parts = table.entries(ofLayer: index)
        #expect(layer.range.count == parts.reduce(0) { $0 + $1.elementCount })
        #expect(layer.matrices.map(\.entry) == parts.filter(\.isMatrix))
        #expect((layer.biases != nil) == isBiased)
        for part in table.layerParts { #expect(layer[part].entry == table[.layer(index, part)]) }
      }
    }
  }

  /// State files hold blocks: another order would make a run go on with other weights.
  @Test func biasesFollowTheValueProjection() throws {
    let layout = ParameterLayout(TensorTable(try TinyModel.biased().configuration), layerCount: 1)
    let parts: [TensorPart] = [
      .embedding, .finalNorm, .layer(0, .inputNorm), .layer(0, .queryWeight), .layer(0, .keyWeight),
      .layer(0, .valueWeight), .layer(0, .queryBias), .layer(0, .keyBias), .layer(0, .valueBias),
      .layer(0, .outputWeight), .layer(0, .postAttentionNorm), .layer(0, .gateWeight), .layer(0, .upWeight),
      .layer(0, .downWeight),
    ]
    #expect(layout.parameters.map(\.entry.part) == parts)
    #expect(layout.head == layout.embedding)
  }

  @Test(arguments: [false, true]) func aModelIsCopiedToWhereTheLayoutSays(isBiased: Bool) throws {
    let tiny = try isBiased ? TinyModel.biased() : .plain()
    let layout = ParameterLayout(TensorTable(tiny.configuration), layerCount: tiny.configuration.layerCount)
    let block = AlignedBuffer(floats: layout.count)
    ModelWeights.copy(tiny.model(), layout: layout, into: block)
    for parameter in layout.parameters {
      let found = Array(UnsafeBufferPointer(start: block.floats + parameter.offset, count: parameter.count))
      let isSame = found == FixtureWeights.elements(of: parameter.entry.name, count: parameter.count)
      #expect(isSame, "\(parameter.entry.name)")
    }
  }
}
