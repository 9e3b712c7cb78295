internal import RouterTensor

/// The tensors that a file holds, which tensors of the model they make up, and to which layer each belongs.
struct StoredTensors {
  /// Where the bytes of a stored tensor go.
  struct Destination: Equatable {
    /// Index of the tensor in ``StoredTensors/tensors``.
    let tensor: Int
    /// What of it is stored.
    let plane: TensorPlane
  }

  /// As the file holds them, planes apart.
  let descriptors: [TensorDescriptor]
  /// As the model sees them, planes joined.
  let tensors: [TensorDescriptor]
  /// One for each stored tensor.
  let destinations: [Destination]

  /// - Throws: ``CheckpointError`` with code `malformedHeader` if layers are out of order or beyond the last,
  ///   or a plane has no matching partner directly beside it.
  init(_ descriptors: [TensorDescriptor], layerCount: Int) throws(CheckpointError) {
    var tensors: [TensorDescriptor] = []
    var destinations: [Destination] = []
    var names: Set<String> = []
    var layer = 0
    var index = 0
    while index < descriptors.count {
      let first = descriptors[index]
      let next = first.layer ?? 0
      guard next >= layer, next <= layerCount else {
        throw .malformedHeader(
          next > layerCount
            ? "a tensor belongs to a layer beyond the last" : "a tensor is out of layer order",
          tensor: first.name)
      }
      layer = next
      switch TensorName.split(first.name) {
      case (_, .mantissa):
        throw .malformedHeader("a mantissa plane does not follow its exponent plane", tensor: first.name)
      case (let base, .exponent):
        guard index + 1 < descriptors.count,
          let joined = Self.join(first, descriptors[index + 1], name: String(base))
        else {
          throw .malformedHeader(
            "an exponent plane has no matching mantissa plane after it", tensor: first.name)
        }
        destinations += [
          Destination(tensor: tensors.count, plane: .exponent),
          Destination(tensor: tensors.count, plane: .mantissa),
        ]
        tensors.append(joined)
        index += 2
      default:
        destinations.append(Destination(tensor: tensors.count, plane: .whole))
        tensors.append(first)
        index += 1
      }
      guard names.insert(tensors[tensors.count - 1].name).inserted else {
        throw .malformedHeader("a tensor appears both whole and in planes", tensor: first.name)
      }
    }
    self.descriptors = descriptors
    self.tensors = tensors
    self.destinations = destinations
  }

  /// The matrix that two neighbours are the planes of; nil if they are not.
  private static func join(
    _ exponent: TensorDescriptor, _ mantissa: TensorDescriptor, name: String
  ) -> TensorDescriptor? {
    guard exponent.dtype == .u8, mantissa.dtype == .u8, exponent.shape.count == 2, !name.isEmpty,
      mantissa.name == TensorName.companion(.mantissa, of: name)
    else { return nil }
    let dtype: DType
    switch mantissa.shape {
    case exponent.shape: dtype = .bf16
    case exponent.shape + [3]: dtype = .f32
    default: return nil
    }
    return TensorDescriptor(
      name: name, dtype: dtype, shape: exponent.shape,
      byteRange: exponent.byteRange.lowerBound..<mantissa.byteRange.upperBound)
  }

  /// Indices of the stored tensors that have bytes in `range` of the data section.
  func indices(in range: Range<Int>) -> Range<Int> {
    let first = descriptors.partitionPoint { $0.byteRange.upperBound > range.lowerBound }
    let end = descriptors.partitionPoint { $0.byteRange.lowerBound >= range.upperBound }
    return first..<max(first, end)
  }

  /// The part of the model that `range` of the data section lies in; nil if it is in more than one.
  func section(of range: Range<Int>) -> FrameSection? {
    let indices = indices(in: range)
    guard let first = indices.first, let last = indices.last,
      descriptors[first].layer == descriptors[last].layer
    else {
      return nil
    }
    return descriptors[first].layer.map(FrameSection.layer) ?? .shared
  }
}

extension Array {
  /// The first index whose element satisfies `predicate`, which no element after a satisfying one fails.
  func partitionPoint(_ predicate: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
