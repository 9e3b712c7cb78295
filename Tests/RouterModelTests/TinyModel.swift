import RouterCheckpoint
import RouterModel
import RouterTensor

/// Builds the fixture's models in memory, in any encoding.
struct TinyModel {
  let configuration: ModelConfiguration
  var encoding: WeightEncoding = .f32
  /// Encode as said, then decode to f32: what the encoded model is compared with.
  var isDecoded = false

  func model(
    precision: ActivationPrecision = .int8, kernels: Kernels = .best, threads: Int = 2, layers: Int? = nil,
    headScreening: HeadScreening? = nil
  ) -> LlamaModel {
    let team = ThreadTeam(threadCount: threads)
    return LlamaModel(
      configuration: configuration, exits: Array(1...configuration.layerCount),
      weights: weights(layers: layers ?? configuration.layerCount, team: team),
      matmul: Matmul(team: team, kernels: kernels, precision: precision),
      headScreening: headScreening)
  }

  private func weights(layers: Int, team: ThreadTeam) -> LlamaWeights {
    LlamaWeights(
      TensorTable(configuration), layerCount: layers, matrix: { matrix($0, team: team) },
      vector: { Self.buffer(FixtureWeights.elements(of: $0)) })
  }

  private func matrix(_ entry: TensorTable.Entry, team: ThreadTeam) -> WeightMatrix {
    let (rows, columns) = (entry.shape[0], entry.shape[1])
    let encoded = EncodedMatrix(
      FixtureWeights.elements(of: entry), as: encoding, rows: rows, columns: columns)
    let matrix = WeightMatrix(encoded, team: team)
    guard isDecoded else { return matrix }
    let decoded = AlignedBuffer(byteCount: rows * columns * 4)
    let elements = decoded.pointer.assumingMemoryBound(to: Float.self)
    for row in 0..<rows { matrix.decodeRow(row, into: elements + row * columns) }
    return WeightMatrix(EncodedMatrix(.f32, elements: decoded, rows: rows, columns: columns))
  }

  static func buffer<Element: BitwiseCopyable>(_ elements: [Element]) -> AlignedBuffer {
    let buffer = AlignedBuffer(byteCount: elements.count * MemoryLayout<Element>.stride)
    _ = buffer.elements(of: Element.self).update(fromContentsOf: elements)
    return buffer
  }
}
