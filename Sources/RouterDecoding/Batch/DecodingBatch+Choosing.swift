import RouterModel
import RouterTensor

// What is said.
extension DecodingBatch {
  /// Reads the head for those who wait for it and chooses tokens, until everybody's round is over or needs layers.
  func chooseTokens() {
    while true {
      let unread = sequences.flatMap { sequence in
        sequence.unreadPositions.map { (sequence: sequence, position: $0) }
      }
      if !unread.isEmpty {
        let rows = unread.map { sequence, position in sequence.headRow(after: position) }
        for ((sequence, position), output) in zip(unread, reader.read(rows)) {
          sequence.keep(output.result, after: position)
          if let missed = output.missedScreen { sequence.note(missed: missed) }
        }
      }
      let choosing = sequences.filter(\.canChoose)
      let drafted = addExitDrafts()
      guard !choosing.isEmpty || drafted else { return }
      choose(choosing)
    }
  }

  /// Lets sequences choose, each on a thread: samplers that look at all logits take long.
  private func choose(_ sequences: [DecodingSequence]) {
    let before = sequences.reduce(0) { $0 + $1.writer.count }
    if sequences.count < 2 {
      for sequence in sequences { sequence.choose() }
    } else {
      language.model.matmul.team.run(chunks: sequences.count) { sequences[$0].choose() }
    }
    report.tokens += sequences.reduce(0) { $0 + $1.writer.count } - before
  }

  /// Adds what exits say as drafts, where they pay; returns whether any sequence was waiting for one.
  private func addExitDrafts() -> Bool {
    var found = false
    for sequence in sequences {
      guard case .draft = sequence.round?.need else { continue }
      found = true
      if let draft = sequence.takeExitDraft(), sequence.hasRoomForDraft {
        sequence.add(draft)
      } else {
        sequence.endDrafting()
      }
    }
    return found
  }
}
