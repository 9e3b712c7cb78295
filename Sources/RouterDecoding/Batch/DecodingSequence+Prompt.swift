import RouterModel

// The prompt.
extension DecodingSequence {
  /// Tokens to be read that have not run.
  var promptLeft: Int { reading.count - promptPosition }

  /// Whether the last token to be read runs in this sweep, and the head is asked what comes after it.
  var isPromptEnding: Bool { promptPosition + promptChunk == reading.count && resumed == nil }

  /// Whether nothing of the prompt has been read or taken over.
  var isAtBeginning: Bool { promptPosition == 0 && promptLeft > 0 }

  /// Tokens that need not run: the head reads the last, unless the token after it is known.
  private var prefixLimit: Int { resumed == nil ? reading.count - 1 : reading.count }

  /// How many of the tokens to be read others have left.
  var knownCount: Int {
    guard let prefixScope else { return 0 }
    return rows.knownCount(of: reading, limit: prefixLimit, scope: prefixScope)
  }

  /// Begins with what others have left of the same beginning.
  func adoptPrefix() {
    guard let prefixScope, isAtBeginning else { return }
    promptPosition = rows.adopt(reading, limit: prefixLimit, scope: prefixScope)
    if !wasPreempted { writer.cachedTokenCount = promptPosition }
    extendDrafter(to: promptPosition)
    if promptLeft == 0 { beginRounds() }
  }

  /// Leaves to others what is complete.
  func rememberPrefix() {
    guard let prefixScope, failure == nil else { return }
    rows.remember(writer.sequence, scope: prefixScope)
  }

  /// Whether a sequence that has begun to read its prompt will soon leave more of this one's than others have left.
  func gains(from earlier: DecodingSequence) -> Bool {
    guard prefixScope != nil, earlier.prefixScope == prefixScope, earlier.failure == nil,
      earlier.rows.depthLimit == earlier.rows.model.layerCount, earlier.promptLeft > 0
    else { return false }
    let common = zip(reading.prefix(prefixLimit), earlier.reading).prefix { $0 == $1 }.count
    // Pages are left when they are full, the last at the end of the prompt.
    let page = KeyValueLayout.pagePositions
    guard min((common + page - 1) / page * page, earlier.reading.count) > earlier.promptPosition else {
      return false
    }
    return common - knownCount >= PrefixIndex.leastTail
  }

  /// Takes the next `count` prompt tokens in flight.
  func beginPrompt(_ count: Int) {
    promptChunk = count
    do throws(ModelError) {
      try rows.begin(reading[promptPosition..<promptPosition + count])
    } catch {
      fail(error)
    }
  }

  /// Accepts the prompt tokens in flight, which have run all layers.
  func endPrompt() {
    rows.commitFull()
    let page = KeyValueLayout.pagePositions
    let fillsPage = promptPosition / page != (promptPosition + promptChunk) / page
    promptPosition += promptChunk
    promptChunk = 0
    extendDrafter(to: promptPosition)
    if fillsPage || promptLeft == 0 { rememberPrefix() }
    if promptLeft == 0 { beginRounds() }
  }

  /// Goes on with the answer: all that comes before it has been read.
  private func beginRounds() {
    ownsRows = false
    if let resumed {
      (newest, self.resumed) = (resumed, nil)
    } else if let last = reading.last {
      round = Round(endOfPrompt: last, settings: settings)
    }
  }
}
