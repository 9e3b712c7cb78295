/// What a tensor is to its model, exits' own tensors aside.
package enum TensorPart: Sendable, Hashable {
  /// Token embedding.
  case embedding
  /// The RMSNorm that every exit shares.
  case finalNorm
  /// Output head; absent when it is tied to the embedding.
  case head
  /// A part of the layer with the given 0-based index.
  case layer(Int, LayerPart)

  /// What all layers share, in file order.
  package static let shared: [TensorPart] = [.embedding, .finalNorm, .head]

  /// The tensor's name in a checkpoint.
  package var name: String {
    switch self {
    case .embedding: TensorName.embedding
    case .finalNorm: TensorName.finalNorm
    case .head: TensorName.head
    case .layer(let index, let part): TensorName.layer(index, part)
    }
  }

  /// The shape, outermost first.
  package var dimensions: [Dimension] {
    switch self {
    case .embedding, .head: [.vocabulary, .width]
    case .finalNorm: [.width]
    case .layer(_, let part): part.dimensions
    }
  }

  /// What decides how the tensor may be encoded.
  package var role: TensorRole {
    switch self {
    case .embedding, .head: .vocabulary
    case .finalNorm: .vector
    case .layer(_, let part): part.dimensions.count == 1 ? .vector : .projection
    }
  }

  /// Whether this is a bias of the query, key or value projection.
  package var isBias: Bool {
    if case .layer(_, let part) = self { part.isBias } else { false }
  }

  /// Whether rows belong to heads that rotary embedding turns.
  package var isRotated: Bool {
    if case .layer(_, let part) = self { part.isRotated } else { false }
  }
}
