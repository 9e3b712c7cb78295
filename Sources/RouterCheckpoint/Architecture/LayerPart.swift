/// A tensor of one layer, by its name within the layer; cases in file order, which is the order of their use.
package enum LayerPart: String, Sendable, CaseIterable {
  /// RMSNorm before attention.
  case inputNorm = "input_layernorm.weight"
  /// Query projection, rows in rotate-half order.
  case queryWeight = "self_attn.q_proj.weight"
  /// Query bias.
  case queryBias = "self_attn.q_proj.bias"
  /// Key projection, rows in rotate-half order.
  case keyWeight = "self_attn.k_proj.weight"
  /// Key bias.
  case keyBias = "self_attn.k_proj.bias"
  /// Value projection.
  case valueWeight = "self_attn.v_proj.weight"
  /// Value bias.
  case valueBias = "self_attn.v_proj.bias"
  /// Attention output projection.
  case outputWeight = "self_attn.o_proj.weight"
  /// RMSNorm before the feed-forward block.
  case postAttentionNorm = "post_attention_layernorm.weight"
  /// Feed-forward gate.
  case gateWeight = "mlp.gate_proj.weight"
  /// Feed-forward up projection.
  case upWeight = "mlp.up_proj.weight"
  /// Feed-forward down projection.
  case downWeight = "mlp.down_proj.weight"

  /// The shape, outermost first; one dimension for a vector, outputs and inputs for a projection.
  package var dimensions: [Dimension] {
    switch self {
    case .inputNorm, .postAttentionNorm: [.width]
    case .queryWeight: [.queries, .width]
    case .queryBias: [.queries]
    case .keyWeight, .valueWeight: [.keysOrValues, .width]
    case .keyBias, .valueBias: [.keysOrValues]
    case .outputWeight: [.width, .queries]
    case .gateWeight, .upWeight: [.feedForward, .width]
    case .downWeight: [.width, .feedForward]
    }
  }

  /// Whether this is a bias of the query, key or value projection.
  package var isBias: Bool {
    switch self {
    case .queryBias, .keyBias, .valueBias: true
    default: false
    }
  }

  /// Whether rows belong to heads that rotary embedding turns.
  package var isRotated: Bool {
    switch self {
    case .queryWeight, .queryBias, .keyWeight, .keyBias: true
    default: false
    }
  }
}
