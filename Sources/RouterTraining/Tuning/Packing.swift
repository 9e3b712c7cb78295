import RouterRandom

/// Which documents make up each batch of an epoch.
///
/// Documents are shuffled and put one after another into the batch that is open; one that does not fit opens
/// the next. So each epoch sees each document once, and only a batch's end is left empty.
struct Packing {
  /// Indices of documents, batch by batch.
  let batches: [[Int]]

  /// - Parameters:
  ///   - lengths: rows that each document takes.
  ///   - rowLimit: rows of a batch; a longer document makes a batch of its own.
  init(lengths: [Int], rowLimit: Int, seed: UInt64, epoch: Int) {
    var random = SplitMix64(seed: seed, purpose: .order, number: epoch)
    var batches: [[Int]] = []
    var open: [Int] = []
    var rows = 0
    for index in random.visitingOrder(of: lengths.count).map(Int.init) {
      if !open.isEmpty, rows + lengths[index] > rowLimit {
        batches.append(open)
        (open, rows) = ([], 0)
      }
      open.append(index)
      rows += lengths[index]
    }
    if !open.isEmpty { batches.append(open) }
    self.batches = batches
  }
}
