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
    let shapes = Dictionary(
      uniqueKeysWithValues: FixtureWeights.shapes(configuration).map { ($0.name, $0.shape) })
    func vector(_ name: String) -> AlignedBuffer {
      Self.buffer(FixtureWeights.elements(of: name, count: shapes[name]?[0] ?? 0))
    }
    func matrix(_ name: String) -> WeightMatrix {
      let shape = shapes[name] ?? [0, 0]
      return self.matrix(name, rows: shape[0], columns: shape[1], team: team)
    }
    let embedding = matrix(TensorName.embedding)
    return LlamaWeights(
      embedding: embedding, finalNorm: vector(TensorName.finalNorm),
      head: configuration.tiedHead ? embedding : matrix(TensorName.head),
      layers: (0..<layers).map { index in
        func name(_ part: TensorName.LayerPart) -> String { TensorName.layer(index, part) }
        return LlamaWeights.Layer(
          inputNorm: vector(name(.inputNorm)), query: matrix(name(.queryWeight)),
          key: matrix(name(.keyWeight)), value: matrix(name(.valueWeight)),
          biases: configuration.attentionBias
            ? LlamaWeights.AttentionBiases(
              query: vector(name(.queryBias)), key: vector(name(.keyBias)), value: vector(name(.valueBias)))
            : nil,
          output: matrix(name(.outputWeight)), postAttentionNorm: vector(name(.postAttentionNorm)),
          gate: matrix(name(.gateWeight)), up: matrix(name(.upWeight)), down: matrix(name(.downWeight)))
      })
  }

  private func matrix(_ name: String, rows: Int, columns: Int, team: ThreadTeam) -> WeightMatrix {
    let encoded = EncodedMatrix(
      FixtureWeights.elements(of: name, count: rows * columns), rows: rows, columns: columns, encoding)
    let matrix = encoded.matrix(team: team)
    guard isDecoded else { return matrix }
    let decoded = AlignedBuffer(byteCount: rows * columns * 4)
    let elements = decoded.pointer.assumingMemoryBound(to: Float.self)
    for row in 0..<rows { matrix.decodeRow(row, into: elements + row * columns) }
    return WeightMatrix(f32: decoded, rows: rows, columns: columns)
  }

  static func buffer<Element: BitwiseCopyable>(_ elements: [Element]) -> AlignedBuffer {
    let buffer = AlignedBuffer(byteCount: elements.count * MemoryLayout<Element>.stride)
    _ = buffer.elements(of: Element.self).update(fromContentsOf: elements)
    return buffer
  }
}
