/// How the elements of a weight matrix are encoded, in a checkpoint and in memory.
package enum WeightEncoding: String, Sendable, Codable, CaseIterable {
  /// IEEE 754 single precision.
  case f32
  /// bfloat16: the upper half of an f32.
  case bf16
  /// 8-bit codes in groups of 32 with an f16 scale: 8.5 bits a weight.
  case q8
  /// 4-bit codes in groups of 32 with an f16 scale and an f16 minimum: 5 bits a weight.
  case q4
}
