import RouterTensor

/// The weights of a model, or of the prefix of it that was loaded. Immutable and shared.
package struct LlamaWeights: Sendable {
  /// Token embedding `[V, D]`.
  package let embedding: WeightMatrix
  /// The norm that every exit shares, f32 `[D]`.
  package let finalNorm: AlignedBuffer
  /// Output head `[V, D]`; the embedding itself when the head is tied.
  package let head: WeightMatrix
  /// Layers 1 ... n in order.
  package let layers: [Layer]
  /// Adapters by the depth of their exit; full depth has none.
  package var adapters: [Int: ExitAdapter]
  /// Heads of their own that exits have instead of the shared one, `[V, D]`, by depth.
  package let exitHeads: [Int: WeightMatrix]

  /// Slots of the draft table, which decoding reads; empty if the checkpoint has none.
  package let draftSlots: [UInt32]
  /// The head in fewer dimensions; nil if the checkpoint has none.
  package let narrowHead: NarrowHead?

  /// The weights of one layer.
  package struct Layer: Sendable {
    /// f32 `[D]`
    package let inputNorm: AlignedBuffer
    /// `[H * K, D]`
    package let query: WeightMatrix
    /// `[G * K, D]`
    package let key: WeightMatrix
    /// `[G * K, D]`
    package let value: WeightMatrix
    /// f32 `[H * K]`, `[G * K]`, `[G * K]`; nil without attention biases.
    package let biases: AttentionBiases?
    /// `[D, H * K]`
    package let output: WeightMatrix
    /// f32 `[D]`
    package let postAttentionNorm: AlignedBuffer
    /// `[F, D]`
    package let gate: WeightMatrix
    /// `[F, D]`
    package let up: WeightMatrix
    /// `[D, F]`
    package let down: WeightMatrix

    /// Joins the parts of a layer.
    package init(
      inputNorm: AlignedBuffer, query: WeightMatrix, key: WeightMatrix, value: WeightMatrix,
      biases: AttentionBiases?, output: WeightMatrix, postAttentionNorm: AlignedBuffer, gate: WeightMatrix,
      up: WeightMatrix, down: WeightMatrix
    ) {
      self.inputNorm = inputNorm
      self.query = query
      self.key = key
      self.value = value
      self.biases = biases
      self.output = output
      self.postAttentionNorm = postAttentionNorm
      self.gate = gate
      self.up = up
      self.down = down
    }

    /// Bytes that one token reads from this layer.
    package var byteCount: Int { matrices.reduce(0) { $0 + $1.byteCount } }
  }

  /// Biases of the projections before attention.
  package struct AttentionBiases: Sendable {
    package let query: AlignedBuffer
    package let key: AlignedBuffer
    package let value: AlignedBuffer

    /// Joins the biases of a layer, f32 `[H * K]`, `[G * K]` and `[G * K]`.
    package init(query: AlignedBuffer, key: AlignedBuffer, value: AlignedBuffer) {
      self.query = query
      self.key = key
      self.value = value
    }
  }

  /// Joins the parts of a model; a tied head is the embedding.
  package init(
    embedding: WeightMatrix, finalNorm: AlignedBuffer, head: WeightMatrix, layers: [Layer],
    adapters: [Int: ExitAdapter] = [:], exitHeads: [Int: WeightMatrix] = [:],
    draftSlots: [UInt32] = [], narrowHead: NarrowHead? = nil
  ) {
    self.embedding = embedding
    self.finalNorm = finalNorm
    self.head = head
    self.layers = layers
    self.adapters = adapters
    self.exitHeads = exitHeads
    self.draftSlots = draftSlots
    self.narrowHead = narrowHead
  }

  /// Bytes of all matrices, a tied head once; adapters not counted.
  package var byteCount: Int {
    let tied = head.isSameStorage(as: embedding)
    return embedding.byteCount + (tied ? 0 : head.byteCount) + layers.reduce(0) { $0 + $1.byteCount }
  }
}
