import RouterCheckpoint
import RouterTensor

// Exit n: the residual stream after layer n, through the shared norm and the shared head.
extension ModelRunner {
  /// The head of the exit after `depth` layers: its own, if it has one, or the shared one.
  package func head(at depth: Int) -> WeightMatrix { model.weights.exitHeads[depth] ?? model.weights.head }

  /// Logits of inputs of a head, with one read of it.
  ///
  /// - Parameters:
  ///   - inputs: f32 `[n, D]`, n at most ``rowLimit``; see ``headInput(of:at:)``.
  ///   - output: f32 `[n, V]`.
  package func logits(
    of inputs: UnsafePointer<Float>, count: Int, head: WeightMatrix, into output: UnsafeMutablePointer<Float>
  ) {
    model.matmul.multiply(
      inputs, rows: count, by: [MatrixProduct(head, into: output)], codes: scratch.codes)
  }

  /// Whether the shared head has a narrow form.
  package var hasNarrowHead: Bool { model.hasNarrowHead }

  /// Inputs that ``narrowLogits(of:count:into:)`` takes at a time.
  package static let narrowLimit = NarrowScratch.inputLimit

  /// Logits by the narrow head, with one read of it: those that look largest in all dimensions, the others about.
  ///
  /// - Parameters:
  ///   - inputs: f32 `[n, D]`, n at most ``narrowLimit``; see ``headInput(of:at:)``.
  ///   - output: f32 `[n, V]`.
  /// - Precondition: the model has a narrow head.
  package func narrowLogits(
    of inputs: UnsafePointer<Float>, count: Int, into output: UnsafeMutablePointer<Float>
  ) {
    guard let (narrow, scratch) = narrowHead else { preconditionFailure("the model has no narrow head") }
    model.matmul.multiply(inputs, rows: count, by: narrow, scratch: scratch, into: output)
  }

  /// Whether the shared head has a screen.
  package var hasHeadScreen: Bool { model.headScreen.made != nil }

  /// Inputs that ``scan(_:count:)`` takes at a time.
  package static let scanLimit = ScreenScratch.inputLimit

  /// Reads the shared head's screen for several inputs at once.
  ///
  /// - Parameter inputs: f32 `[n, D]`, n at most ``scanLimit``, which stay until the scan has been used.
  /// - Returns: nil if the head has no screen, or not yet; the inputs count then among those that make it.
  package func scan(_ inputs: UnsafePointer<Float>, count: Int) -> HeadScan? {
    let width = model.configuration.width
    var screen = model.headScreen.made
    if screen == nil {
      for row in 0..<count { screen = screen ?? model.headScreen.screen(for: inputs + row * width) }
    }
    guard let screen else { return nil }
    let scores = screenScratch ?? ScreenScratch(for: screen)
    screenScratch = scores
    model.matmul.score(inputs, rows: count, by: screen, codes: scratch.codes, scratch: scores)
    return HeadScan(inputs: inputs, count: count, screen: screen, scores: scores)
  }

  /// The most probable tokens of scanned inputs, the lowest id among equals: those that their logits would have.
  ///
  /// - Returns: for each row; nil if a logit may not be finite: the logits tell then.
  package func mostProbableTokens(_ scan: HeadScan, rows: [Int]) -> [Int32?] {
    let maxima = model.matmul.maxima(
      of: scan.inputs, scored: rows, by: scan.screen, codes: scratch.codes, scratch: scan.scores)
    for maximum in maxima { model.headScreen.record(rescoredBlocks: maximum?.rescoredBlocks) }
    return maxima.map { maximum in maximum.map { Int32($0.row) } }
  }

  /// The largest logits of a scanned input, those that ``logits(of:count:head:into:)`` would have.
  ///
  /// - Parameter output: f32 `[V]`: the wanted logits and some others, and the least f32 in place of the rest.
  /// - Returns: false if the screen cannot tell them for less than all logits cost.
  package func leadingLogits(
    _ wanted: LeadingEntries, _ scan: HeadScan, row: Int, into output: UnsafeMutablePointer<Float>
  ) -> Bool {
    var blocks: Int?
    if model.matmul.isWorthwhile(wanted, by: scan.screen) {
      blocks = model.matmul.leading(
        wanted, of: scan.inputs + row * model.configuration.width, scored: row, by: scan.screen,
        codes: scratch.codes, scratch: scan.scores, into: output)
    }
    model.headScreen.record(rescoredBlocks: blocks)
    return blocks != nil
  }
}
