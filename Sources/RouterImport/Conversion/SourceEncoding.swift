/// How a tensor of a source file is encoded: GGUF's tensor types, of which safetensors' wide ones are a subset.
///
/// Quantised types store rows as blocks of `blockElements` consecutive elements.
enum SourceEncoding: String, Sendable, Equatable, CaseIterable {
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

  /// Elements of one block; 1 for wide types.
  var blockElements: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q40, .q41, .q50, .q51, .q80: 32
    case .q4K, .q5K, .q6K: 256
    }
  }

  /// Bytes of one block.
  var blockByteCount: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q40: 2 + 16
    case .q41: 2 + 2 + 16
    case .q50: 2 + 4 + 16
    case .q51: 2 + 2 + 4 + 16
    case .q80: 2 + 32
    case .q4K: 2 + 2 + 12 + 128
    case .q5K: 2 + 2 + 12 + 32 + 128
    case .q6K: 128 + 64 + 16 + 2
    }
  }

  /// Bytes of a row of `columns` elements; nil if a row is not a whole number of blocks or does not fit an Int.
  func rowByteCount(columns: Int) -> Int? {
    guard columns > 0, columns.isMultiple(of: blockElements) else { return nil }
    let (bytes, overflow) = (columns / blockElements).multipliedReportingOverflow(by: blockByteCount)
    return overflow ? nil : bytes
  }
}
