/// What a file of hidden states holds, and where in a row each part lies.
///
/// A row is one scored position: u32 document, u32 position, i32 next token, i32 `[topCount]` the teacher's most
/// probable next tokens in falling order, then for each exit f32 rms(h) and f16 `[D]` h / rms(h). The states are
/// stored at unit size because a residual stream may exceed the range of f16.
package struct StateLayout: Sendable, Codable, Equatable {
  /// Identity of the model.
  package let fingerprint: String
  /// Depths of the stored states, ascending; the last is full depth, the teacher's.
  package let exits: [Int]
  /// D.
  package let width: Int
  /// Teacher's tokens kept for each row.
  package let topCount: Int

  var topOffset: Int { 12 }
  var stateByteCount: Int { 4 + 2 * width }
  /// Bytes of one row.
  package var rowByteCount: Int { topOffset + 4 * topCount + exits.count * stateByteCount }

  func stateOffset(_ exit: Int) -> Int { topOffset + 4 * topCount + exit * stateByteCount }

  /// Under the root of rms(h) = sqrt(mean(h^2) + epsilon).
  package static let epsilon: Float = 1e-5
  /// Bytes before the first row.
  static let headerByteCount = 4096
  static let magic: [UInt8] = Array("RTRSTAT1".utf8)
}
