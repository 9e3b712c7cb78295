internal import RouterTensor

/// What a writer will write: the stored tensors in file order and the frames that hold them.
struct WritePlan: Sendable {
  /// A stored tensor and the pending one that it comes from.
  struct Part: Sendable {
    let descriptor: TensorDescriptor
    /// Index into ``WritePlan/sources``.
    let source: Int
    let plane: TensorPlane
  }

  /// A frame to be made.
  struct Frame: Sendable {
    /// Bytes of the data section that it holds.
    let range: Range<Int>
    /// Indices into ``WritePlan/parts``.
    let parts: Range<Int>
    let kind: FrameKind
  }

  /// Tensors to be filled, in file order.
  let sources: [PendingTensor]
  let parts: [Part]
  let frames: [Frame]

  /// Bytes of all sources, which is the size of the data section.
  var dataByteCount: Int { parts.last?.descriptor.byteRange.upperBound ?? 0 }

  /// - Throws: ``CheckpointError`` with code `invalidRequest` for a name, a shape or a layer that cannot be
  ///   stored.
  init(
    tensors: [PendingTensor], layerCount: Int, planar: Bool, frameByteCount: Int
  ) throws(CheckpointError) {
    try Self.validate(tensors, layerCount: layerCount)
    sources = tensors.map { (FileOrder($0.name), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    parts = Self.parts(of: sources, planar: planar)
    frames = Self.frames(of: parts, frameByteCount: frameByteCount)
  }

  private static func validate(_ tensors: [PendingTensor], layerCount: Int) throws(CheckpointError) {
    var names: Set<String> = []
    var total = 0
    for tensor in tensors {
      func invalid(_ what: String) -> CheckpointError {
        CheckpointError(
          .invalidRequest, what, at: .init(tensor: tensor.name),
          remedy: "Report this as a fault of the import, with the model's name.")
      }
      guard SafetensorsHeader.isValidName(tensor.name) else {
        throw invalid("a tensor's name is not printable ASCII")
      }
      guard names.insert(tensor.name).inserted else { throw invalid("a tensor is written twice") }
      let suffix = TensorName.split(tensor.name).suffix
      guard suffix != .exponent, suffix != .mantissa else { throw invalid("the name is reserved for planes") }
      guard TensorName.layerIndex(of: tensor.name).map({ $0 < layerCount }) ?? true else {
        throw invalid("a tensor belongs to a layer beyond the last")
      }
      guard let byteCount = TensorShape.byteCount(of: tensor.shape, tensor.dtype) else {
        throw invalid("the shape \(tensor.shape) is empty or too large")
      }
      let (sum, overflow) = total.addingReportingOverflow(byteCount)
      guard !overflow else { throw invalid("the tensors are too large together") }
      total = sum
    }
  }

  private static func parts(of sources: [PendingTensor], planar: Bool) -> [Part] {
    var parts: [Part] = []
    var end = 0
    func append(_ name: String, _ dtype: DType, _ shape: [Int], _ source: Int, _ plane: TensorPlane) {
      let byteCount = shape.reduce(dtype.byteCount, *)
      let descriptor = TensorDescriptor(
        name: name, dtype: dtype, shape: shape, byteRange: end..<end + byteCount)
      parts.append(Part(descriptor: descriptor, source: source, plane: plane))
      end += byteCount
    }
    for (index, tensor) in sources.enumerated() {
      if planar, tensor.shape.count == 2, TensorPlane.canSplit(tensor.dtype) {
        let mantissaShape = tensor.dtype == .bf16 ? tensor.shape : tensor.shape + [3]
        append(TensorName.companion(.exponent, of: tensor.name), .u8, tensor.shape, index, .exponent)
        append(TensorName.companion(.mantissa, of: tensor.name), .u8, mantissaShape, index, .mantissa)
      } else {
        append(tensor.name, tensor.dtype, tensor.shape, index, .whole)
      }
    }
    return parts
  }

  private static func frames(of parts: [Part], frameByteCount: Int) -> [Frame] {
    var frames: [Frame] = []
    var first = 0
    while first < parts.count {
      let (plane, layer) = (parts[first].plane, parts[first].descriptor.layer)
      let end =
        parts[first...].firstIndex { $0.plane != plane || $0.descriptor.layer != layer } ?? parts.count
      let range =
        parts[first].descriptor.byteRange.lowerBound..<parts[end - 1].descriptor.byteRange.upperBound
      var part = first
      for piece in range.split(maximumCount: frameByteCount) {
        while parts[part].descriptor.byteRange.upperBound <= piece.lowerBound { part += 1 }
        var last = part
        while parts[last].descriptor.byteRange.upperBound < piece.upperBound { last += 1 }
        frames.append(
          Frame(range: piece, parts: part..<last + 1, kind: kind(of: piece, parts: parts[part...last])))
      }
      first = end
    }
    return frames
  }

  /// How to compress a frame whose parts are all of one plane.
  private static func kind(of range: Range<Int>, parts: ArraySlice<Part>) -> FrameKind {
    switch parts.first?.plane {
    case .exponent: return .exponents
    case .mantissa: return .noise
    case .whole, nil:
      let codes = parts.filter { $0.descriptor.dtype.byteCount == 1 }
      let codeBytes = codes.reduce(0) { $0 + $1.descriptor.byteRange.clamped(to: range).count }
      return codeBytes > range.count / 2 ? .codes : .ordinary
    }
  }
}

extension Range<Int> {
  /// As few pieces of at most `maximumCount` as possible, of nearly equal size so that threads share evenly;
  /// all but the last are multiples of 64 long where that is possible.
  func split(maximumCount: Int) -> [Range<Int>] {
    let pieceCount = (count + maximumCount - 1) / maximumCount
    guard pieceCount > 1 else { return isEmpty ? [] : [self] }
    let even = (count + pieceCount - 1) / pieceCount
    let size = Swift.min((even + 63) / 64 * 64, maximumCount)
    return stride(from: lowerBound, to: upperBound, by: size).map { $0..<Swift.min($0 + size, upperBound) }
  }
}
