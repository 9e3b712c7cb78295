/// All that depends on how a weight matrix `[N, K]` is encoded: its stored tensors, its form in memory, and the way
/// there from f32.
///
/// An encoding is added by a descriptor in a file of its own and a case of ``WeightEncoding``; if its weights are held
/// in tiles, by its kernels, too: `CRouterKernels/encodings.h` says how.
package struct EncodingDescriptor: Sendable {
  /// Element type of the tensor under the matrix's own name; no two encodings have the same.
  package let dtype: DType
  /// Columns of the matrix that one element of that tensor holds.
  package let columnsPerElement: Int
  /// Consecutive columns of a row that share a value of each companion; 1 where there are none.
  package let groupSize: Int
  /// What accompanies that tensor, in the order in which it is stored.
  package let companions: [EncodingCompanion]
  /// How the matrix is held in memory.
  let form: MatrixForm
  private let encoder: @Sendable (UnsafeBufferPointer<Float>, EncodedPlanes) -> Void
  private let finiteness: @Sendable (EncodedPlanes) -> Bool

  /// - Parameters:
  ///   - isFinite: whether every weight of some encoded rows is a finite number.
  ///   - encode: encodes whole groups of f32.
  init(
    dtype: DType, columnsPerElement: Int = 1, groupSize: Int = 1, companions: [EncodingCompanion] = [],
    form: MatrixForm, isFinite: @escaping @Sendable (EncodedPlanes) -> Bool,
    encode: @escaping @Sendable (UnsafeBufferPointer<Float>, EncodedPlanes) -> Void
  ) {
    self.dtype = dtype
    self.columnsPerElement = columnsPerElement
    self.groupSize = groupSize
    self.companions = companions
    self.form = form
    finiteness = isFinite
    encoder = encode
  }

  /// Bits of one code.
  package var codeBits: Int { 8 * dtype.byteCount / columnsPerElement }

  /// Bits that a weight takes, its part of the companions included.
  package var bitsPerWeight: Double {
    Double(codeBits) + Double(companions.count * 8 * EncodingCompanion.dtype.byteCount) / Double(groupSize)
  }

  /// Whether rows of `columns` weights have whole groups.
  package func fits(columns: Int) -> Bool { columns.isMultiple(of: groupSize) }

  /// Shape of the tensor under the name of a matrix `[N, K]`, or of a vector `[K]` of a wide encoding.
  ///
  /// - Precondition: rows have whole groups.
  package func elementShape(_ shape: [Int]) -> [Int] {
    precondition(fits(columns: shape.last ?? 0), "\(shape) has no whole groups of \(groupSize)")
    return shape.dropLast() + shape.suffix(1).map { $0 / columnsPerElement }
  }

  /// Shape of each companion of a matrix `[N, K]`.
  package func companionShape(rows: Int, columns: Int) -> [Int] { [rows, columns / groupSize] }

  /// Bytes of `count` weights without their companions.
  package func elementByteCount(weights count: Int) -> Int { count / columnsPerElement * dtype.byteCount }

  /// Bytes that a matrix takes in tiles; nil for an encoding that is held as it is stored, or a width that does not
  /// allow it.
  package func packedByteCount(rows: Int, columns: Int) -> Int? {
    fits(columns: columns) ? form.tileByteCount(rows: rows, columns: columns) : nil
  }

  /// Encodes f32, whole groups of it.
  ///
  /// - Precondition: `planes` are as large as the weights need.
  package func encode(_ source: UnsafeBufferPointer<Float>, into planes: EncodedPlanes) {
    precondition(
      planes.elements.count == elementByteCount(weights: source.count)
        && planes.companions.count == companions.count
        && planes.companions.allSatisfy { $0.count * groupSize == source.count }, "buffers differ in size")
    encoder(source, planes)
  }

  /// Whether every weight of some encoded rows is a finite number.
  package func isFinite(_ planes: EncodedPlanes) -> Bool { finiteness(planes) }
}
