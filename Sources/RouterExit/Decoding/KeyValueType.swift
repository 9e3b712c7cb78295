/// How the elements of keys and values are held.
public enum KeyValueType: String, Sendable, Codable, CaseIterable {
  /// IEEE 754 single precision.
  case f32
  /// IEEE 754 half precision: half the memory, and half of what attention reads.
  case f16
  /// 8-bit codes with one f32 scale for each head and position, for keys and for values: about half of ``f16``.
  case q8
}
