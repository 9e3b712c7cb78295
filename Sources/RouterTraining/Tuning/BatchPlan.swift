/// Which documents each step learns from.
struct BatchPlan {
  private let lengths: [Int]
  private let settings: TuningSettings
  private var epoch = 0
  private var firstBatch = 0
  private var packing: Packing

  init(lengths: [Int], settings: TuningSettings) {
    self.lengths = lengths
    self.settings = settings
    packing = Packing(lengths: lengths, rowLimit: settings.batchTokens, seed: settings.seed, epoch: 0)
  }

  /// Indices of documents of the step that follows `step` others, batch by batch; steps come in rising order.
  mutating func batches(step: Int) -> [[Int]] {
    (step * settings.accumulation..<(step + 1) * settings.accumulation).map { number in
      while number >= firstBatch + packing.batches.count {
        firstBatch += packing.batches.count
        epoch += 1
        packing = Packing(
          lengths: lengths, rowLimit: settings.batchTokens, seed: settings.seed, epoch: epoch)
      }
      return packing.batches[number - firstBatch]
    }
  }
}
