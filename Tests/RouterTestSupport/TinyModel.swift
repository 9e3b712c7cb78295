import RouterCheckpoint
import RouterModel
import RouterTensor

/// A model with the weights of the fixtures, built in memory, in any encoding.
package struct TinyModel {
  package let configuration: ModelConfiguration
  package var encoding: WeightEncoding
  /// Form of the activations that are multiplied.
  package var precision: ActivationPrecision
  /// Encode as said, then decode to f32: what the encoded model is compared with.
  package var isDecoded = false
  /// Depths that may answer; all layers unless a test says otherwise.
  package var exits: [Int]
  /// What exits but the last have; nil for no adapters.
  package var adapterKind: ExitAdapterKind?

  package init(
    configuration: ModelConfiguration, encoding: WeightEncoding = .f32, precision: ActivationPrecision = .int8
  ) {
    self.configuration = configuration
    self.encoding = encoding
    self.precision = precision
    exits = Array(1...configuration.layerCount)
  }

  /// Two layers in f32, untied head, no biases.
  package static func plain() throws -> TinyModel {
    TinyModel(
      configuration: try ModelConfiguration(
        architecture: .llama, layerCount: 2, width: 32, headCount: 2, keyValueHeadCount: 2, headWidth: 12,
        feedForwardWidth: 40, vocabularySize: 67, contextLength: 64, normEpsilon: 1e-5,
        rotary: RotaryEmbedding(base: 10000, scaling: .none), tiedHead: false, attentionBias: false),
      precision: .f32)
  }

  /// Three layers in f32, tied head, grouped queries with biases.
  package static func biased() throws -> TinyModel {
    TinyModel(
      configuration: try ModelConfiguration(
        architecture: .qwen2, layerCount: 3, width: 32, headCount: 4, keyValueHeadCount: 2, headWidth: 8,
        feedForwardWidth: 48, vocabularySize: 67, contextLength: 64, normEpsilon: 1e-5,
        rotary: RotaryEmbedding(base: 10000, scaling: .none), tiedHead: true, attentionBias: true),
      precision: .f32)
  }

  /// The model in memory, with its first `layers` layers; nil for all.
  package func model(
    kernels: Kernels = .best, threads: Int = 2, layers: Int? = nil, headScreening: HeadScreening? = nil
  ) -> LlamaModel {
    let team = ThreadTeam(threadCount: threads)
    return LlamaModel(
      configuration: configuration, exits: exits,
      weights: weights(layers: layers ?? configuration.layerCount, team: team),
      matmul: Matmul(team: team, kernels: kernels, precision: precision),
      headScreening: headScreening)
  }

  private func weights(layers: Int, team: ThreadTeam) -> LlamaWeights {
    LlamaWeights(
      TensorTable(configuration), layerCount: layers, adapters: adapters,
      matrix: { matrix($0, team: team) },
      vector: { AlignedBuffer(holding: FixtureWeights.elements(of: $0)) })
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

  private var adapters: [Int: ExitAdapter] {
    guard let adapterKind else { return [:] }
    return Dictionary(
      uniqueKeysWithValues: exits.dropLast().map {
        ($0, ExitAdapter(fixture: adapterKind, exit: $0, width: configuration.width))
      })
  }
}
