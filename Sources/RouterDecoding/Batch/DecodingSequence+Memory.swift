import RouterModel

// The memory of keys and values.
extension DecodingSequence {
  /// Prompt tokens that a sequence has pages for before it reads any.
  private static let leastChunk = 64

  /// Positions that the next sweep needs pages for.
  var neededPositions: Int {
    if promptLeft == 0 { return rows.ledger.reach + Self.roundLimit }
    // A long prompt that is known is taken over whole.
    let start = isAtBeginning ? knownCount : promptPosition
    return start + min(reading.count - start, Self.leastChunk)
  }

  /// Tokens of the prompt that the next sweep may read: those for which there are pages.
  func readableCount(of wanted: Int) -> Int {
    _ = rows.reserve(promptPosition + wanted)
    return min(wanted, rows.reserved - promptPosition)
  }

  /// Gives its pages back, between two sweeps, and is read again later.
  ///
  /// Keys and values of a full run follow from the tokens alone, so that the answer goes on where it stood. What tokens
  /// that left early have propagated follows from the decisions too: that answer is decoded anew, and what was handed out
  /// of it is not handed out again.
  func park() {
    let isExact = rows.isExact
    giveBackPages()
    // A round that takes several sweeps is begun anew: what it has not confirmed nobody has seen.
    (round, ownsRows, newest) = (nil, false, nil)
    if writer.count > 0 {
      if isExact {
        resumed = writer.sequence.last
        reading = writer.sequence.dropLast()
      } else {
        resumed = nil
        reading = request.prompt
        writer.restart()
        makeDeciders()
      }
    }
    (promptPosition, promptChunk) = (0, 0)
    (isCatchingUp, wasPreempted, isParked) = (false, true, true)
  }

  /// Gives back all pages, having left to others what is of use to them.
  func giveBackPages() {
    rememberPrefix()
    rows.releaseAll()
  }

  /// Whether it has pages, or a promise of some.
  var hasPages: Bool { rows.reserved > 0 }

  /// Takes part in sweeps again.
  func resume() { isParked = false }

  /// Positions for which there are to be pages before a parked sequence goes on.
  var resumingPositions: Int { min(reading.count + Self.roundLimit, rows.capacity) }
}
