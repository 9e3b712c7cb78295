package import RouterTensor

/// A tensor to be written, whose bytes are made only when the writer reaches it.
package struct PendingTensor: Sendable {
  /// Name, see ``TensorName``.
  package let name: String
  /// Element type.
  package let dtype: DType
  /// Dimensions, outermost first.
  package let shape: [Int]
  /// Writes the tensor's little-endian elements, row-major, into a zeroed buffer of exactly its size.
  ///
  /// Called once, on any thread, perhaps at the same time as that of other tensors.
  package let fill: @Sendable (UnsafeMutableRawBufferPointer) throws -> Void

  /// Creates a tensor.
  package init(
    name: String, dtype: DType, shape: [Int],
    fill: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws -> Void
  ) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.fill = fill
  }
}
