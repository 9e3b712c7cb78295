import RouterModel

// The prompt.
extension DecodingSequence {
  /// Prompt tokens that have not run.
  var promptLeft: Int { request.prompt.count - promptPosition }

  /// Whether the prompt's last token runs in this sweep.
  var isPromptEnding: Bool { promptPosition + promptChunk == request.prompt.count }

  /// Whether nothing of the prompt has been read or taken over.
  var isAtBeginning: Bool { promptPosition == 0 && promptLeft > 0 }

  /// Tokens of the prompt that need not run: the head reads the last.
  private var prefixLimit: Int { request.prompt.count - 1 }

  /// Begins with what others have left of the same beginning.
  func adoptPrefix() {
    guard let prefixScope, isAtBeginning else { return }
    promptPosition = rows.adopt(request.prompt, limit: prefixLimit, scope: prefixScope)
    writer.cachedTokenCount = promptPosition
    for token in request.prompt[..<promptPosition] { drafter?.append(token) }
  }

  /// Leaves to others what is complete.
  func rememberPrefix() {
    guard let prefixScope, failure == nil else { return }
    rows.remember(writer.sequence, scope: prefixScope)
  }

  /// Whether a sequence that has begun to read its prompt will soon leave more of this one's than others have left.
  func gains(from earlier: DecodingSequence) -> Bool {
    guard let prefixScope, earlier.prefixScope == prefixScope, earlier.failure == nil,
      earlier.rows.depthLimit == earlier.rows.model.layerCount, earlier.promptLeft > 0
    else { return false }
    let common = zip(request.prompt.prefix(prefixLimit), earlier.request.prompt).prefix { $0 == $1 }.count
    // Pages are left when they are full, the last at the end of the prompt.
    let page = KeyValueLayout.pagePositions
    guard min((common + page - 1) / page * page, earlier.request.prompt.count) > earlier.promptPosition else {
      return false
    }
    let known = rows.knownCount(of: request.prompt, limit: prefixLimit, scope: prefixScope)
    return common - known >= PrefixIndex.leastTail
  }

  /// Takes the next `count` prompt tokens in flight.
  func beginPrompt(_ count: Int) {
    promptChunk = count
    do throws(ModelError) {
      try rows.begin(request.prompt[promptPosition..<promptPosition + count])
    } catch {
      fail(error)
    }
  }

  /// Accepts the prompt tokens in flight, which have run all layers.
  func endPrompt() {
    let tokens = request.prompt[promptPosition..<promptPosition + promptChunk]
    for token in tokens { drafter?.append(token) }
    rows.commitFull()
    let page = KeyValueLayout.pagePositions
    let fillsPage = promptPosition / page != (promptPosition + promptChunk) / page
    promptPosition += promptChunk
    promptChunk = 0
    if fillsPage || promptLeft == 0 { rememberPrefix() }
    if promptPosition == request.prompt.count, let last = tokens.last {
      round = Round(endOfPrompt: last, settings: settings)
      ownsRows = false
    }
  }
}
