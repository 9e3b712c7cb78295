import RouterCheckpoint
import Testing

struct TensorNameTests {
  @Test func namesAreThoseOfHuggingFace() {
    #expect(TensorName.layer(11, .queryBias) == "model.layers.11.self_attn.q_proj.bias")
    #expect(TensorName.layer(0, .postAttentionNorm) == "model.layers.0.post_attention_layernorm.weight")
    #expect(TensorName.companion(.scale, of: TensorName.head) == "lm_head.weight.scale")
  }

  @Test func everyNameOfALayerGivesItsIndex() {
    for part in LayerPart.allCases {
      #expect(TensorName.layerIndex(of: TensorName.layer(29, part)) == 29)
      #expect(TensorName.layerIndex(of: TensorName.companion(.min, of: TensorName.layer(0, part))) == 0)
    }
  }

  @Test func whatBelongsToAnExitBelongsToTheLayerBeforeIt() {
    let name = TensorName.adapter(exit: 24, "linear.weight")
    #expect(name == "exits.24.adapter.linear.weight")
    #expect(TensorName.layerIndex(of: name) == 23)
    #expect(TensorName.isOfAdapter(name) && !TensorName.isOfAdapter(TensorName.exitHead(24)))
    #expect(TensorName.layerIndex(of: TensorName.exitHead(24)) == 23)
    #expect(TensorName.isOfExit(name) && !TensorName.isOfExit(TensorName.layer(1, .queryBias)))
  }

  @Test(arguments: [
    "exits.0.adapter", "exits.01.adapter", "exits.1", "exits.", "model.norm.weight", "model.layers",
    "model.layers.", "model.layers.1", "model.layers.1.",
    "model.layers..a",
    "model.layers.01.a", "model.layers.-1.a", "model.layers.+1.a", "model.layers.1x.a",
    "model.layers.99999999999999999999.a", "xmodel.layers.1.a",
  ])
  func otherNamesBelongToNoLayer(name: String) {
    #expect(TensorName.layerIndex(of: name) == nil)
  }

  @Test func suffixesAreSplitOff() {
    #expect(TensorName.split("a.weight.scale") == ("a.weight", .scale))
    #expect(TensorName.split("a.weight.mantissa") == ("a.weight", .mantissa))
    #expect(TensorName.split("a.weight") == ("a.weight", nil))
    #expect(TensorName.split("scale") == ("scale", nil))
  }
}
