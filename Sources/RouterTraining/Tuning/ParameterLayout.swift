import RouterCheckpoint

/// Where each tensor of a model lies in one block of f32.
///
/// Order: embedding, final norm, head unless tied, then layer after layer, each in the order of its table but with the
/// biases behind the value projection, as blocks in files of a run's state have them.
package struct ParameterLayout: Sendable {
  /// One tensor of the table.
  package struct Parameter: Sendable {
    package let entry: TensorTable.Entry
    /// Where it begins, from the block's start.
    package let offset: Int

    /// f32 that it takes.
    package var count: Int { entry.elementCount }
    /// The part of the block.
    package var range: Range<Int> { offset..<offset + count }
    /// N and K of a matrix `[N, K]`.
    var matrixSize: (outputs: Int, inputs: Int) { (entry.shape[0], entry.shape[1]) }
  }

  /// The tensors of one layer.
  package struct Layer: Sendable {
    /// The layer's part of the block.
    package let range: Range<Int>
    /// Offsets of the biases; nil if there are none.
    package let biases: (query: Int, key: Int, value: Int)?
    /// The matrices in the block's order.
    package let matrices: [Parameter]
    private let byPart: [LayerPart: Parameter]

    fileprivate init(_ parameters: [(part: LayerPart, parameter: Parameter)], in range: Range<Int>) {
      self.range = range
      matrices = parameters.map(\.parameter).filter(\.entry.isMatrix)
      byPart = Dictionary(uniqueKeysWithValues: parameters.map { ($0.part, $0.parameter) })
      if let query = byPart[.queryBias], let key = byPart[.keyBias], let value = byPart[.valueBias] {
        biases = (query.offset, key.offset, value.offset)
      } else {
        biases = nil
      }
    }

    /// A part that the layer has.
    package subscript(part: LayerPart) -> Parameter {
      guard let parameter = byPart[part] else { preconditionFailure("the layer has no \(part.rawValue)") }
      return parameter
    }
  }

  /// Names and shapes.
  let table: TensorTable
  /// All tensors in order.
  package let parameters: [Parameter]
  package let embedding: Int
  let finalNorm: Int
  /// The embedding's offset if the head is tied.
  package let head: Int
  /// The first `layerCount` layers.
  package let layers: [Layer]
  /// f32 in the block.
  package let count: Int

  package init(_ table: TensorTable, layerCount: Int) {
    var parameters: [Parameter] = []
    var end = 0
    func add(_ part: TensorPart) -> Parameter {
      let parameter = Parameter(entry: table[part], offset: end)
      parameters.append(parameter)
      end += parameter.count
      return parameter
    }
    self.table = table
    embedding = add(.embedding).offset
    finalNorm = add(.finalNorm).offset
    head = table.configuration.tiedHead ? embedding : add(.head).offset
    let order = Self.blockOrder(of: table.layerParts)
    layers = (0..<layerCount).map { index in
      let start = end
      let parts = order.map { (part: $0, parameter: add(.layer(index, $0))) }
      return Layer(parts, in: start..<end)
    }
    self.parameters = parameters
    count = end
  }

  var configuration: ModelConfiguration { table.configuration }

  /// The parts of a layer, biases behind the value projection.
  private static func blockOrder(of parts: [LayerPart]) -> [LayerPart] {
    let biases = parts.filter(\.isBias)
    return parts.filter { !$0.isBias }.flatMap { $0 == .valueWeight ? [$0] + biases : [$0] }
  }
}
