import RouterExit

/// One round of a sequence: its newest token and drafts of those that follow it, on their way to the choice of the
/// token after each.
///
/// A pure value that says what it ``need``s next and takes the answer. Modes are its settings: `full` has neither exits
/// nor drafts, `verify` has drafts, `exit` has exits and, where decisions do not depend on each other, drafts.
///
/// A draft that is the token which is then chosen has been run already; the first that is not ends the round. With
/// drafts the tokens are therefore those without: greedy or sampled, whatever the drafts. Speculative sampling
/// (Leviathan, Kalman and Matias, arXiv 2211.17192) keeps the distribution; comparing with the sampler's own choice
/// keeps each token as well.
package struct Round: Sendable, Equatable {
  /// A token of the round.
  package struct Position: Sendable, Equatable {
    package let token: Int32
    /// Where the draft comes from; nil for the newest token.
    package let source: DraftSource?
    /// Where the token left; nil while it goes on.
    package fileprivate(set) var exit: TokenExit?
    /// What the policy measured last.
    fileprivate var confidence: Float?
  }

  /// What a round waits for.
  package enum Need: Sendable, Equatable {
    /// Layers up to this depth, on all its tokens.
    case layers(to: Int)
    /// Whether these tokens leave at the exit where they are.
    case decisions(of: [Int])
    /// The token after this one, which has left.
    case choice(after: Int)
    /// What the exit where the last token is says after it.
    case draft
    /// Nothing: the round is over.
    case nothing
  }

  package let settings: RoundSettings
  /// The newest token and the drafts behind it.
  package private(set) var positions: [Position]
  /// The position after which a token is chosen next, or was chosen last.
  package private(set) var current = 0
  package private(set) var need: Need
  /// How many exits the tokens that go on have reached; of a round that drafts at exits, its last token.
  private var reached = 0
  /// Whether more drafts may come from exits.
  private var isDrafting: Bool

  /// A round of the newest token.
  package init(_ token: Int32, settings: RoundSettings) {
    self.settings = settings
    positions = [Position(token: token, source: nil)]
    isDrafting = settings.meaning == .drafting && !settings.exits.isEmpty
    need = .layers(to: settings.exits.first ?? settings.depthLimit)
  }

  /// What a prompt comes to: its last token has run all layers, and the first of the answer is to be chosen.
  package init(endOfPrompt token: Int32, settings: RoundSettings) {
    self.init(token, settings: settings)
    isDrafting = false
    positions[0].exit = TokenExit(depth: settings.depthLimit, confidence: nil)
    need = .choice(after: 0)
  }

  /// Tokens of the round.
  package var count: Int { positions.count }
  /// Tokens that go on.
  package var runningCount: Int {
    if case .layers = need { positions.count { $0.exit == nil } } else { 0 }
  }
  /// Drafts behind the newest token.
  package var draftCount: Int { positions.count - 1 }
  /// Whether drafts may be added: the last token has run nothing, and none has been confirmed.
  package var isOpen: Bool {
    if case .layers = need { reached == 0 && current == 0 } else { false }
  }
  /// Drafts that were the tokens then chosen.
  package var acceptedCount: Int { current }

  /// The outcomes of drafts that were compared with a choice: the accepted ones and the one after them.
  package var outcomes: [(source: DraftSource, isAccepted: Bool)] {
    positions.dropFirst().prefix(current + 1).enumerated().compactMap { place, position in
      position.source.map { ($0, place < current) }
    }
  }

  /// Adds a draft of the token after the last, before the round's layers are run or when it needs a draft.
  package mutating func append(_ draft: Draft) {
    precondition(need == .draft || isOpen, "\(need)")
    positions.append(Position(token: draft.token, source: draft.source))
    if need == .draft {
      reached = 0
      need = .layers(to: settings.exits[0])
    }
  }

  /// Takes no more drafts from exits.
  package mutating func endDrafting() {
    guard isDrafting else { return }
    isDrafting = false
    need = .layers(to: settings.depthLimit)
  }

  /// Notes that the tokens have run the layers that were needed.
  package mutating func arrive() {
    guard case .layers(let depth) = need else { preconditionFailure("\(need)") }
    if depth < settings.depthLimit || settings.asksAtLimit {
      need = .decisions(of: isDrafting ? [count - 1] : undecided)
      return
    }
    for position in undecided {
      positions[position].exit = TokenExit(depth: depth, confidence: positions[position].confidence)
    }
    need = .choice(after: current)
  }

  /// Notes whether the tokens that were asked about leave where they are.
  ///
  /// - Parameter decisions: in the order of the tokens.
  package mutating func decide(_ decisions: [(leaves: Bool, confidence: Float?)]) {
    guard case .decisions(let asked) = need, asked.count == decisions.count else {
      preconditionFailure("\(need), \(decisions.count) decisions")
    }
    if isDrafting {
      need = decisions[0].leaves ? .draft : nextLayers
      if case .layers(to: settings.depthLimit) = need { isDrafting = false }
      if need != .draft { reached += 1 }
      return
    }
    let isAtLimit = reached == settings.exits.count
    let depth = isAtLimit ? settings.depthLimit : settings.exits[reached]
    for (position, decision) in zip(asked, decisions) {
      positions[position].confidence =
        decision.confidence ?? (isAtLimit ? positions[position].confidence : nil)
      if decision.leaves || isAtLimit {
        positions[position].exit = TokenExit(
          depth: depth, head: decision.leaves ? settings.head : .full,
          confidence: positions[position].confidence)
      }
    }
    if isAtLimit {
      need = .choice(after: current)
      return
    }
    let next = nextLayers
    reached += 1
    need = positions[current].exit != nil ? .choice(after: current) : next
  }

  /// Notes the token after the current one: a draft that has been run, or the end of the round.
  package mutating func choose(_ token: Int32) {
    precondition(need == .choice(after: current), "\(need)")
    guard current + 1 < count, positions[current + 1].token == token else {
      need = .nothing
      return
    }
    current += 1
    if positions[current].exit != nil {
      need = .choice(after: current)
    } else {
      need = .layers(to: reached < settings.exits.count ? settings.exits[reached] : settings.depthLimit)
    }
  }

  /// Tokens from the current one on that have not left.
  private var undecided: [Int] { (current..<count).filter { positions[$0].exit == nil } }

  /// What comes after the exit that has just been reached.
  private var nextLayers: Need {
    .layers(to: reached + 1 < settings.exits.count ? settings.exits[reached + 1] : settings.depthLimit)
  }
}
