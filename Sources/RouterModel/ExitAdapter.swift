import RouterCheckpoint
import RouterTensor

/// The adapter of one exit; formulas at ``RouterCheckpoint/ExitAdapterKind``.
package enum ExitAdapter: Sendable {
  /// A `[D, D]` and b, f32 `[D]`.
  case linear(weight: WeightMatrix, bias: AlignedBuffer)
  /// W_gate and W_up `[m, D]`, W_down `[D, m]`; m is at most F.
  case gated(gate: WeightMatrix, up: WeightMatrix, down: WeightMatrix)

  /// What it computes.
  package var kind: ExitAdapterKind {
    switch self {
    case .linear: .linear
    case .gated(let gate, _, _): .gated(inner: gate.rows)
    }
  }

  /// Bytes of its matrices, which one token reads when its exit is asked for logits.
  package var byteCount: Int {
    switch self {
    case .linear(let weight, _): weight.byteCount
    case .gated(let gate, let up, let down): gate.byteCount + up.byteCount + down.byteCount
    }
  }
}
