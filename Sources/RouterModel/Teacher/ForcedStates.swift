import RouterCheckpoint
import RouterTensor

/// What some positions of a text hold at an exit, in the middle of a ``TeacherForcedPass``.
///
/// Valid until the pass does its next piece of work. One thread at a time asks for logits.
package struct ForcedStates {
  /// Products with the head of this many rows share one read of it.
  package static let headRows = 16

  let pass: TeacherForcedPass
  /// 0-based index of the exit among those of the pass.
  package let exitIndex: Int
  /// n 0-based positions of the text, at least one.
  package let positions: Range<Int>
  /// The position of the first row in flight.
  let start: Int

  /// Layers that have run.
  package var depth: Int { pass.session.depth }

  /// f32 `[n, D]`: the residual stream at ``positions``, before the final norm.
  package var hidden: UnsafeBufferPointer<Float> {
    let width = pass.session.model.configuration.width
    let rows = rows(positions)
    return UnsafeBufferPointer(
      rebasing: pass.session.hidden[rows.lowerBound * width..<rows.upperBound * width])
  }

  /// f32 `[D]`: one row of ``hidden``.
  package func hidden(at position: Int) -> UnsafeBufferPointer<Float> {
    pass.session.hidden(row: position - start)
  }

  /// f32 `[D]`: what the head reads at a position, adapted and normed. Valid until the next call.
  package func headInput(at position: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(
      start: pass.session.headInput(rows: rows(position..<position + 1)),
      count: pass.session.model.configuration.width)
  }

  /// ``positions``, in order, in groups that share one read of the head.
  ///
  /// - Parameter size: positions of a group at most, 1 ... ``headRows``.
  package func headGroups(of size: Int = headRows) -> [Range<Int>] {
    stride(from: positions.lowerBound, to: positions.upperBound, by: size).map {
      $0..<min($0 + size, positions.upperBound)
    }
  }

  /// f32 `[group.count, V]`: the logits after some of ``positions``. Valid until logits are asked for again.
  ///
  /// - Parameter group: at most ``headRows`` positions.
  package func logits(_ group: Range<Int>) -> UnsafeBufferPointer<Float> {
    precondition(positions.contains(group) && group.count <= Self.headRows, "\(group) of \(positions)")
    let output = pass.logits.pointer.assumingMemoryBound(to: Float.self)
    pass.session.logits(rows: rows(group), into: output)
    return UnsafeBufferPointer(
      start: output, count: group.count * pass.session.model.configuration.vocabularySize)
  }

  /// f32 `[group.count, V]`: the logits after some of ``positions`` by the narrow head. Valid until logits are asked for
  /// again.
  ///
  /// - Parameter group: at most ``headRows`` positions.
  /// - Precondition: the model has a narrow head.
  package func narrowLogits(_ group: Range<Int>) -> UnsafeBufferPointer<Float> {
    precondition(positions.contains(group) && group.count <= Self.headRows, "\(group) of \(positions)")
    let output = pass.logits.pointer.assumingMemoryBound(to: Float.self)
    pass.session.narrowLogits(rows: rows(group), into: output)
    return UnsafeBufferPointer(
      start: output, count: group.count * pass.session.model.configuration.vocabularySize)
  }

  private func rows(_ positions: Range<Int>) -> Range<Int> {
    positions.lowerBound - start..<positions.upperBound - start
  }
}
