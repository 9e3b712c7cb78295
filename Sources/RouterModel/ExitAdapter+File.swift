import RouterCheckpoint
import RouterTensor

extension ExitAdapter {
  /// The adapters of a file, by the depths of their exits.
  ///
  /// - Throws: `CheckpointError` for a mis-shaped tensor, ``ModelError`` `unsupportedWeights`.
  package static func byDepth(in file: AdapterFile) throws -> [Int: ExitAdapter] {
    let builder = WeightBuilder(
      table: TensorTable(file.metadata.configuration), tensors: file.tensors,
      arena: MemoryArena(byteCounts: []))
    var adapters: [Int: ExitAdapter] = [:]
    for exit in file.record.exits { adapters[exit] = try builder.adapter(file.record, exit: exit) }
    return adapters
  }

  /// f32: its parts one after another, in the order of ``RouterCheckpoint/ExitAdapterKind/parts(width:)``.
  package var values: [Float] {
    switch self {
    case .linear(let weight, let bias): weight.values + Array(bias.elements(of: Float.self))
    case .gated(let gate, let up, let down): gate.values + up.values + down.values
    }
  }
}

extension WeightMatrix {
  /// f32 `[N, K]`, decoded.
  fileprivate var values: [Float] {
    [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      for row in 0..<rows { decodeRow(row, into: base + row * columns) }
      count = rows * columns
    }
  }
}
