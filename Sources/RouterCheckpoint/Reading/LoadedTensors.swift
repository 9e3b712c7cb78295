package import RouterTensor

/// Tensors in memory, by name.
package struct LoadedTensors: Sendable {
  /// One tensor in memory.
  package struct LoadedTensor: Sendable {
    /// Name, type and shape; for a matrix stored in planes, those of the whole matrix.
    package let descriptor: TensorDescriptor
    /// The little-endian elements, row-major, in a 64-byte-aligned block of their own.
    package let buffer: AlignedBuffer

    /// Joins a description and the bytes that it describes.
    ///
    /// - Precondition: the buffer has the size that the descriptor states.
    package init(descriptor: TensorDescriptor, buffer: AlignedBuffer) {
      precondition(descriptor.byteCount == buffer.byteCount, "a tensor's buffer contradicts its descriptor")
      self.descriptor = descriptor
      self.buffer = buffer
    }
  }

  /// Path of the file that they come from, for error messages.
  package let path: String
  private let byName: [String: LoadedTensor]

  /// Collects tensors; `path` appears in error messages only.
  package init(path: String, tensors: [LoadedTensor]) {
    self.path = path
    byName = Dictionary(tensors.map { ($0.descriptor.name, $0) }) { first, _ in first }
  }

  /// Names of all tensors, in no particular order.
  package var names: some Collection<String> & Sendable { byName.keys }

  /// All tensors, in no particular order.
  var all: some Collection<LoadedTensor> { byName.values }

  /// The tensor called `name`; nil if there is none.
  package subscript(name: String) -> LoadedTensor? { byName[name] }

  /// The tensor called `name`, which must have the given type and shape.
  ///
  /// - Throws: ``CheckpointError`` with code `missingTensor` or `tensorMismatch`.
  package func tensor(
    _ name: String, dtype: DType, shape: [Int]
  ) throws(CheckpointError) -> LoadedTensor {
    guard let tensor = byName[name] else {
      throw CheckpointError(
        .missingTensor, "a tensor that the model needs is missing",
        at: .init(file: path, tensor: name), remedy: "Import the model again from a complete source.")
    }
    let found = tensor.descriptor
    guard found.dtype == dtype, found.shape == shape else {
      throw CheckpointError(
        .tensorMismatch,
        "a tensor is \(found.dtype.rawValue) \(found.shape) where the configuration needs \(dtype.rawValue) \(shape)",
        at: .init(file: path, tensor: name),
        remedy: "Import the model again; its configuration and weights disagree.")
    }
    return tensor
  }
}
