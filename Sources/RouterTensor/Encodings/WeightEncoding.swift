/// How the elements of a weight matrix are encoded, in a checkpoint and in memory.
///
/// A case is the name of an encoding; what it means is in its ``descriptor``.
package enum WeightEncoding: String, Sendable, Codable, CaseIterable {
  /// IEEE 754 single precision.
  case f32
  /// bfloat16: the upper half of an f32.
  case bf16
  /// 8-bit codes in groups of 32 with an f16 scale: 8.5 bits a weight.
  case q8
  /// 4-bit codes in groups of 32 with an f16 scale and an f16 minimum: 5 bits a weight.
  case q4

  /// What the encoding means.
  package var descriptor: EncodingDescriptor {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .q8: .q8
    case .q4: .q4
    }
  }

  /// The encoding that a matrix has whose own tensor has elements of type `dtype`; nil if there is none.
  package init?(storedAs dtype: DType) {
    guard let encoding = Self.allCases.first(where: { $0.descriptor.dtype == dtype }) else { return nil }
    self = encoding
  }

  /// Whether weights are codes that share scales.
  package var isQuantized: Bool { descriptor.groupSize > 1 }

  /// The encoding itself, or bf16 where a row of `columns` weights has no whole groups.
  package func fitted(columns: Int) -> WeightEncoding { descriptor.fits(columns: columns) ? self : .bf16 }

  /// The encoding of an embedding or a head, on which quality hangs most, beside projections in this one: 8 bits
  /// at least.
  package var ofVocabulary: WeightEncoding { descriptor.codeBits < 8 ? .q8 : self }

  /// Names encodings, such as `q4` or `mixed q4/q8`, the smallest first.
  package static func summary(of encodings: some Sequence<WeightEncoding>) -> String {
    let names = Set(encodings).sorted { $0.descriptor.bitsPerWeight < $1.descriptor.bitsPerWeight }.map(
      \.rawValue)
    return (names.count > 1 ? "mixed " : "") + names.joined(separator: "/")
  }
}
