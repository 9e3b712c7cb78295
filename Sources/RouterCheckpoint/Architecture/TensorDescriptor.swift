package import RouterTensor

/// A tensor in a file: its name, type, shape and place.
package struct TensorDescriptor: Sendable, Equatable {
  /// Name, printable ASCII.
  package let name: String
  /// Element type.
  package let dtype: DType
  /// Dimensions, outermost first; each is at least 1.
  package let shape: [Int]
  /// Bytes that the tensor takes within the data section.
  package let byteRange: Range<Int>

  /// Creates a descriptor.
  ///
  /// - Precondition: the range is as long as shape and element type say.
  package init(name: String, dtype: DType, shape: [Int], byteRange: Range<Int>) {
    precondition(
      TensorShape.byteCount(of: shape, dtype) == byteRange.count, "a tensor's range contradicts its shape")
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.byteRange = byteRange
  }

  /// Size in bytes: the product of the shape and the element size.
  package var byteCount: Int { byteRange.count }

  /// The 1-based layer that the tensor belongs to; nil for what all layers share.
  package var layer: Int? { TensorName.layerIndex(of: name).map { $0 + 1 } }
}
