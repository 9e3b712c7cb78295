import RouterCheckpoint
import RouterTensor

/// How to import a model.
package struct ImportOptions: Sendable {
  /// How matrices are encoded in the checkpoint.
  package enum Quantization: String, Sendable, CaseIterable {
    /// Each matrix keeps its source's precision: Q4_0, Q4_1 and Q4_K become q4; Q5_0, Q5_1, Q5_K, Q6_K and Q8_0
    /// become q8; F32 stays f32; BF16 and F16 become bf16 (F16 loses three bits of mantissa; `f32` keeps them).
    case auto
    /// Every matrix in f32, which holds every source exactly.
    case f32
    /// Every matrix in bf16.
    case bf16
    /// Every matrix in 8-bit codes.
    case q8
    /// Projections in 4-bit codes. The embedding and the head, on which quality hangs most, stay in 8 bits unless
    /// the source itself holds them in 4-bit codes.
    case q4
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
  func encoding(for source: SourceTensor, _ role: TensorRole) -> WeightEncoding {
    guard role != .vector else { return .f32 }
    let wanted: WeightEncoding =
      switch self {
      case .f32: .f32
      case .bf16: .bf16
      case .q8: .q8
      case .q4: role == .vocabulary && !source.encoding.isFourBit ? .q8 : .q4
      case .auto:
        switch source.encoding {
        case .f32: .f32
        case .f16, .bf16: .bf16
        case .q40, .q41, .q4K: .q4
        case .q50, .q51, .q5K, .q6K, .q80: .q8
        }
      }
    // Groups need whole multiples of 32 columns.
    let grouped = source.columns.isMultiple(of: GroupQuantization.groupSize)
    return grouped || wanted == .f32 || wanted == .bf16 ? wanted : .bf16
  }
}

extension SourceEncoding {
  /// Whether the codes have four bits, so that q4 keeps them.
  var isFourBit: Bool {
    switch self {
    case .q40, .q41, .q4K: true
    default: false
    }
  }
}
