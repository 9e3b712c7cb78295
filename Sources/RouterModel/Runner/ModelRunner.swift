import RouterCheckpoint
import RouterTensor

/// Runs a model's layers and its head on rows of any sequences: weights, and one scratch for all of them.
///
/// Products go over all rows of a batch, attention by sequence. No row's bits depend on the others'. One thread at a
/// time uses a runner.
package final class ModelRunner {
  package let model: LlamaModel
  /// Rows that a batch has at most.
  package let rowLimit: Int
  let scratch: RunnerScratch
  /// What blocks of the cache contribute to rows, before it is joined; grows with the longest sequence.
  var parts = AlignedBuffer(byteCount: 0)
  /// Made when keys and values are first propagated.
  private(set) lazy var propagation = PropagationScratch(
    configuration: model.configuration, layers: model.layerCount)
  /// Made when the narrow head is first asked; nil for a model without one.
  private(set) lazy var narrowHead = model.narrowHead.map { ($0, NarrowScratch(for: $0)) }
  /// Made when the head's screen is first used.
  var screenScratch: ScreenScratch?
  /// Angles of positions; grows with the longest sequence.
  private(set) var rotary: RotaryTable

  /// Rows that are worth a batch of their own: the weights' products no longer wait for memory.
  package static let maximumRows = 256

  package init(of model: LlamaModel, rowLimit: Int = maximumRows) {
    self.model = model
    self.rowLimit = rowLimit
    scratch = RunnerScratch(configuration: model.configuration, rows: rowLimit)
    rotary = model.rotaryTable(positions: 0)
  }

  /// Runs layers on the rows of a batch, which have run those before.
  ///
  /// - Parameter layers: 0-based indices.
  package func run(layers: Range<Int>, on batch: RowBatch) {
    guard let plan = plan(batch) else { return }
    batch.states.withUnsafeBufferPointer { states in
      guard let states = states.baseAddress else { return }
      for layer in layers { run(layer: layer, plan, states) }
    }
  }

  /// Puts the keys and values of rows, which have run the layers before, into a layer's cache and runs nothing else.
  ///
  /// - Parameter layer: 0-based index.
  package func storeKeysAndValues(layer: Int, of batch: RowBatch) {
    guard let plan = plan(batch) else { return }
    batch.states.withUnsafeBufferPointer { states in
      if let states = states.baseAddress { storeKeysAndValues(layer: layer, plan, states) }
    }
  }

  /// How a batch's attention is dealt, with room for it; nil without rows.
  private func plan(_ batch: RowBatch) -> AttentionPlan? {
    guard let layout = batch.layout else { return nil }
    precondition(batch.count <= rowLimit, "\(batch.count) rows of \(rowLimit)")
    let plan = AttentionPlan(
      batch, configuration: model.configuration, layout: layout, team: model.matmul.team)
    if plan.reach > rotary.positions {
      // Twice as far, so that a growing sequence seldom asks again.
      rotary = model.rotaryTable(positions: min(model.configuration.contextLength, max(2 * plan.reach, 1024)))
    }
    if plan.partsByteCount > parts.byteCount { parts = AlignedBuffer(byteCount: plan.partsByteCount) }
    return plan
  }

  /// Runs `body` for each of `count` rows, over the team when there are many.
  func forEachRow(_ count: Int, _ body: (Int) -> Void) {
    if count < 4 {
      for row in 0..<count { body(row) }
    } else {
      let team = model.matmul.team
      let chunks = min(count, team.threadCount * 8)
      team.run(chunks: chunks) { chunk in
        for row in count * chunk / chunks..<count * (chunk + 1) / chunks { body(row) }
      }
    }
  }
}
