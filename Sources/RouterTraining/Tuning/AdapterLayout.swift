import RouterCheckpoint
import RouterModel

/// Where the adapters of tuned exits lie in a block of f32: one after another, from `start` on.
package struct AdapterLayout: Sendable {
  package let kind: ExitAdapterKind
  /// The tuned exits that have an adapter, ascending.
  package let exits: [Int]
  /// D.
  let width: Int
  /// f32 that come before the adapters in the block.
  let start: Int

  /// The places of those `adapters` that belong to `exits`; nil if none does.
  package init?(_ adapters: [Int: ExitAdapter], exits: [Int], width: Int, start: Int) {
    let present = exits.filter { adapters[$0] != nil }
    guard let kind = present.first.flatMap({ adapters[$0]?.kind }) else { return nil }
    precondition(present.allSatisfy { adapters[$0]?.kind == kind }, "adapters of several kinds")
    self.kind = kind
    self.exits = present
    self.width = width
    self.start = start
  }

  /// f32 of one adapter.
  private var each: Int { kind.parameterCount(width: width) }

  /// f32 of all adapters.
  package var count: Int { exits.count * each }

  /// Where the adapter of an exit begins in the block; nil if it has none.
  func offset(of exit: Int) -> Int? { exits.firstIndex(of: exit).map { start + $0 * each } }

  /// The vectors among the parameters, as parts of the block, ascending.
  var vectors: [Range<Int>] {
    exits.indices.flatMap { index in
      var end = start + index * each
      return kind.parts(width: width).compactMap { part in
        let range = end..<end + part.shape.reduce(1, *)
        end = range.upperBound
        return part.shape.count == 1 ? range : nil
      }
    }
  }

  /// The adapters in `block`.
  func adapters(in block: UnsafePointer<Float>) -> ExitAdapters {
    ExitAdapters(
      kind: kind, exits: exits, width: width,
      values: Array(UnsafeBufferPointer(start: block + start, count: count)))
  }
}
