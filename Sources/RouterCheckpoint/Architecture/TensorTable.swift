/// The tensors of a model with their shapes: the one table that import, loading, training and synthetic models read.
package struct TensorTable: Sendable {
  /// One tensor.
  package struct Entry: Sendable, Equatable {
    /// What it is to the model.
    package let part: TensorPart
    /// Sizes of the part's dimensions, outermost first.
    package let shape: [Int]

    /// Name in a checkpoint.
    package var name: String { part.name }

    /// Number of elements.
    package var elementCount: Int { shape.reduce(1, *) }

    /// Whether it is a matrix `[outputs, inputs]` and no vector.
    package var isMatrix: Bool { shape.count == 2 }
  }

  /// The model whose tensors these are.
  package let configuration: ModelConfiguration

  /// The table of a model.
  package init(_ configuration: ModelConfiguration) { self.configuration = configuration }

  /// All tensors in file order.
  package var entries: [Entry] { entries(layerCount: configuration.layerCount) }

  /// What all layers share and the first `layerCount` layers, in file order.
  package func entries(layerCount: Int) -> [Entry] {
    shared + (0..<layerCount).flatMap(entries(ofLayer:))
  }

  /// What all layers share, in file order.
  package var shared: [Entry] {
    TensorPart.shared.filter { $0 != .head || !configuration.tiedHead }.map { self[$0] }
  }

  /// The tensors of the layer with 0-based index `index`, in file order.
  package func entries(ofLayer index: Int) -> [Entry] {
    layerParts.map { self[.layer(index, $0)] }
  }

  /// The parts of each layer in file order.
  package var layerParts: [LayerPart] {
    configuration.architecture.traits.layerParts.filter { configuration.attentionBias || !$0.isBias }
  }

  /// A part's tensor as it is where the model has it; for a tied head, the shape of one.
  package subscript(part: TensorPart) -> Entry {
    Entry(part: part, shape: part.dimensions.map(configuration.size))
  }
}
