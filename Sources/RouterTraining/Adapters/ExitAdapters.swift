import RouterCheckpoint

/// The adapters of a model's exits, as numbers.
package struct ExitAdapters: Sendable, Equatable {
  /// One tensor under its name in a checkpoint.
  package struct Tensor: Sendable, Equatable {
    /// Such as `exits.24.adapter.linear.weight`.
    package let name: String
    package let shape: [Int]
    /// f32, row-major.
    package let values: [Float]
  }

  package let kind: ExitAdapterKind
  /// Depths that have an adapter, ascending, without full depth.
  package let exits: [Int]
  /// D.
  package let width: Int
  /// f32 `[exits, parameters]`, each adapter's parts one after another.
  package let values: [Float]

  /// Joins adapters and their numbers.
  ///
  /// - Precondition: `values` has the size that kind, exits and width give.
  package init(kind: ExitAdapterKind, exits: [Int], width: Int, values: [Float]) {
    precondition(values.count == exits.count * kind.parameterCount(width: width), "adapters of another size")
    self.kind = kind
    self.exits = exits
    self.width = width
    self.values = values
  }

  /// The tensors of all adapters, named for a checkpoint.
  package var tensors: [Tensor] {
    var offset = 0
    return exits.flatMap { exit in
      kind.parts(width: width).map { part in
        let count = part.shape.reduce(1, *)
        defer { offset += count }
        return Tensor(
          name: "exits.\(exit).adapter.\(part.name)", shape: part.shape,
          values: Array(values[offset..<offset + count]))
      }
    }
  }
}
