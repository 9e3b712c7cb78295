import RouterCheckpoint
import RouterTensor

/// How to import a model.
package struct ImportOptions: Sendable {
  /// How matrices are encoded in the checkpoint.
  package enum Quantization: Sendable, Hashable {
    /// Each matrix keeps its source's precision: Q4_0, Q4_1 and Q4_K become q4; Q5_0, Q5_1, Q5_K, Q6_K and Q8_0
    /// become q8; F32 stays f32; BF16 and F16 become bf16 (F16 loses three bits of mantissa; f32 keeps them).
    case auto
    /// Every matrix in one encoding; but the embedding and the head, on which quality hangs most, in its
    /// ``WeightEncoding/ofVocabulary`` unless the source itself holds them in such codes.
    case all(WeightEncoding)
  }

  /// How matrices are encoded.
  package var quantization: Quantization
  /// Exits, as 1-based counts of executed layers; nil for the fractions .3 ... 1 of L.
  package var exits: [Int]?
  /// The model's name in the checkpoint; nil for the one that the source suggests.
  package var name: String?
  /// Whether wide matrices are stored in planes.
  package var planar: Bool
  /// Path of an adapter file whose exit adapters the checkpoint gets; nil for none.
  package var adapter: String?
  /// Threads that convert and compress, at most; nil for one for each core.
  package var threadCount: Int?
  /// zstd level; nil for the writer's own.
  package var level: Int?
  /// Name and version of the software, for provenance.
  package var tool: String
  /// Asked now and then; when it says true, the import ends with code `cancelled` and leaves nothing behind.
  package var isCancelled: @Sendable () -> Bool

  /// Creates options; the defaults import a model as it is.
  package init(
    quantization: Quantization = .auto, exits: [Int]? = nil, name: String? = nil, planar: Bool = false,
    adapter: String? = nil, threadCount: Int? = nil, level: Int? = nil, tool: String = "router",
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.quantization = quantization
    self.exits = exits
    self.name = name
    self.planar = planar
    self.adapter = adapter
    self.threadCount = threadCount
    self.level = level
    self.tool = tool
    self.isCancelled = isCancelled
  }
}

extension ImportOptions.Quantization {
  /// The encoding of a matrix.
  package func encoding(for source: SourceTensor, _ role: TensorRole) -> WeightEncoding {
    guard role != .vector else { return .f32 }
    let nearest = source.encoding.format.nearest
    let wanted =
      switch self {
      case .auto: nearest
      case .all(let encoding): role == .vocabulary && nearest != encoding ? encoding.ofVocabulary : encoding
      }
    return wanted.fitted(columns: source.columns)
  }
}
