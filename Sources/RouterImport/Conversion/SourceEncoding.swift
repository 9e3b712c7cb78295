/// How a tensor of a source file is encoded: GGUF's tensor types, of which safetensors' wide ones are a subset.
///
/// A case is the name of a type; what it means is in its ``format``.
package enum SourceEncoding: String, Sendable, Equatable, CaseIterable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case q40 = "Q4_0"
  case q41 = "Q4_1"
  case q50 = "Q5_0"
  case q51 = "Q5_1"
  case q80 = "Q8_0"
  case q4K = "Q4_K"
  case q5K = "Q5_K"
  case q6K = "Q6_K"

  /// What the type means.
  package var format: SourceFormat {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .q40: .q40
    case .q41: .q41
    case .q50: .q50
    case .q51: .q51
    case .q80: .q80
    case .q4K: .q4K
    case .q5K: .q5K
    case .q6K: .q6K
    }
  }

  /// The encoding with a number of GGUF's; nil if `router` does not read it.
  package init?(ggufNumber number: UInt32) {
    guard let encoding = Self.allCases.first(where: { $0.format.ggufNumber == number }) else { return nil }
    self = encoding
  }

  /// Elements of one block; 1 for wide types.
  package var blockElements: Int { format.blockElements }

  /// Bytes of one block.
  package var blockByteCount: Int { format.blockByteCount }

  /// Bytes of a row of `columns` elements; nil if a row is not a whole number of blocks or does not fit an Int.
  func rowByteCount(columns: Int) -> Int? {
    let format = format
    guard columns > 0, columns.isMultiple(of: format.blockElements) else { return nil }
    let (bytes, overflow) = (columns / format.blockElements).multipliedReportingOverflow(
      by: format.blockByteCount)
    return overflow ? nil : bytes
  }
}
