import RouterCheckpoint
import RouterTensor

/// Turns the tensors of one section of a checkpoint into weights, checking each against the table.
struct WeightBuilder {
  let table: TensorTable
  let tensors: LoadedTensors
  /// Where packed matrices go.
  let arena: MemoryArena

  /// Bytes that a matrix takes once it is packed; nil for a tensor that is kept as it is, or joins a matrix.
  static func packedByteCount(_ tensor: TensorDescriptor) -> Int? {
    guard tensor.shape.count == 2,
      let descriptor = WeightEncoding(storedAs: tensor.dtype)?.descriptor
    else { return nil }
    return descriptor.packedByteCount(
      rows: tensor.shape[0], columns: tensor.shape[1] * descriptor.columnsPerElement)
  }

  /// What all layers share.
  struct Shared {
    let embedding: WeightMatrix
    let finalNorm: AlignedBuffer
    let head: WeightMatrix
    let draftSlots: [UInt32]
    let narrowHead: NarrowHead?
  }

  /// Embedding, norm and head.
  ///
  /// - Throws: `CheckpointError` for a missing or mis-shaped tensor, ``ModelError`` `unsupportedWeights`.
  func shared() throws -> Shared {
    let embedding = try matrix(table[.embedding])
    return Shared(
      embedding: embedding, finalNorm: try vector(table[.finalNorm]),
      head: table.configuration.tiedHead ? embedding : try matrix(table[.head]), draftSlots: try draftSlots(),
      narrowHead: try narrowHead())
  }

  /// The draft table; none if the checkpoint has none.
  private func draftSlots() throws -> [UInt32] {
    guard let count = tensors[TensorName.drafts]?.descriptor.shape.first else { return [] }
    let table = try tensors.tensor(TensorName.drafts, dtype: .i32, shape: [count])
    return table.buffer.elements(of: UInt32.self).map { UInt32(littleEndian: $0) }
  }

  /// The narrow head; nil if the checkpoint has none.
  private func narrowHead() throws -> NarrowHead? {
    let projection = TensorName.narrowHead(.projection)
    guard let rank = tensors[projection]?.descriptor.shape.first else { return nil }
    let shape = table[.head].shape
    guard rank > 0, rank % 32 == 0, rank <= shape[1] else {
      throw ModelError(
        .unsupportedWeights, "a narrow head of \(rank) dimensions for a model of width \(shape[1])",
        at: "\(tensors.path), tensor \(projection)",
        remedy:
          "Make it again with `router tune --narrow-head`, with a multiple of 32 of at most \(shape[1]).")
    }
    let leading = try tensors.tensor(TensorName.narrowHead(.leadingBlocks), dtype: .i32, shape: [1])
    return NarrowHead(
      projection: try tensors.tensor(projection, dtype: .f32, shape: [rank, shape[1]]).buffer,
      centre: try vector(TensorName.narrowHead(.centre), count: rank),
      weight: try matrix(TensorName.narrowHead(.weight), rows: shape[0], columns: rank),
      bias: try vector(TensorName.narrowHead(.bias), count: shape[0]),
      leadingBlocks: Int(Int32(littleEndian: leading.buffer.elements(of: Int32.self)[0])))
  }

  /// The adapter of the exit after `exit` layers; nil if `record` has none there.
  ///
  /// - Throws: as ``shared()``.
  func adapter(_ record: AdapterRecord?, exit: Int) throws -> ExitAdapter? {
    guard let record, record.exits.contains(exit) else { return nil }
    let parts = record.kind.parts(width: table.configuration.width).map { part in
      (name: TensorName.adapter(exit: exit, part.name), shape: part.shape)
    }
    func matrix(_ index: Int) throws -> WeightMatrix {
      let (name, shape) = parts[index]
      return try self.matrix(name, rows: shape[0], columns: shape[1])
    }
    switch record.kind {
    case .linear:
      return .linear(weight: try matrix(0), bias: try vector(parts[1].name, count: parts[1].shape[0]))
    case .gated: return .gated(gate: try matrix(0), up: try matrix(1), down: try matrix(2))
    }
  }

  /// The head of its own that the exit after `exit` layers has; nil if it uses the shared one.
  ///
  /// - Throws: as ``shared()``.
  func exitHead(_ exit: Int) throws -> WeightMatrix? {
    let name = TensorName.exitHead(exit)
    guard tensors[name] != nil else { return nil }
    let shape = table[.head].shape
    return try matrix(name, rows: shape[0], columns: shape[1])
  }

  /// The layer with 0-based index `index`.
  ///
  /// - Throws: as ``shared()``.
  func layer(_ index: Int) throws -> LlamaWeights.Layer {
    try LlamaWeights.Layer(index, of: table, matrix: matrix, vector: vector)
  }

  private func vector(_ entry: TensorTable.Entry) throws -> AlignedBuffer {
    try vector(entry.name, count: entry.shape[0])
  }

  private func matrix(_ entry: TensorTable.Entry) throws -> WeightMatrix {
    try matrix(entry.name, rows: entry.shape[0], columns: entry.shape[1])
  }

  private func vector(_ name: String, count: Int) throws -> AlignedBuffer {
    try tensors.tensor(name, dtype: .f32, shape: [count]).buffer
  }

  /// The matrix `name`, in whichever encoding its element type says.
  private func matrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix {
    // With the element type known, `tensor` checks the shape; a missing tensor is reported as f32.
    let dtype = tensors[name]?.descriptor.dtype ?? .f32
    guard let encoding = WeightEncoding(storedAs: dtype), encoding.descriptor.fits(columns: columns) else {
      throw ModelError(
        .unsupportedWeights, "a matrix [\(rows), \(columns)] is stored as \(dtype.rawValue)",
        at: "\(tensors.path), tensor \(name)", remedy: "Import the model again with this version of router.")
    }
    let descriptor = encoding.descriptor
    let elements = try tensors.tensor(
      name, dtype: dtype, shape: descriptor.elementShape([rows, columns])
    ).buffer
    let companions = try descriptor.companions.map { companion in
      try tensors.tensor(
        TensorName.companion(.init(companion), of: name), dtype: EncodingCompanion.dtype,
        shape: descriptor.companionShape(rows: rows, columns: columns)
      ).buffer
    }
    return WeightMatrix(
      EncodedMatrix(encoding, elements: elements, companions: companions, rows: rows, columns: columns),
      in: arena)
  }
}
