import RouterDecoding
import RouterExit
import Testing

/// A round as a pure value: what it needs, whatever is answered.
struct RoundTests {
  private static let limit = 4

  private func settings(
    _ exits: [Int], _ meaning: RoundSettings.Meaning, asksAtLimit: Bool = false
  ) -> RoundSettings {
    RoundSettings(
      exits: exits, depthLimit: Self.limit, meaning: meaning, head: asksAtLimit ? .narrow : .full,
      asksAtLimit: asksAtLimit)
  }

  private func draft(_ token: Int32) -> Draft { Draft(token: token, source: .context(order: 1)) }

  @Test func aTokenAtFullDepthNeedsItsLayersAndAChoice() {
    var round = Round(7, settings: settings([], .leaving))
    #expect(round.need == .layers(to: 4) && round.isOpen && round.runningCount == 1)
    round.arrive()
    #expect(round.need == .choice(after: 0) && !round.isOpen)
    #expect(round.positions[0].exit == TokenExit(depth: 4, confidence: nil))
    round.choose(9)
    #expect(round.need == .nothing && round.acceptedCount == 0 && round.outcomes.isEmpty)
  }

  @Test func theEndOfAPromptNeedsAChoice() {
    var round = Round(endOfPrompt: 7, settings: settings([1, 2], .leaving))
    #expect(round.need == .choice(after: 0) && round.positions[0].exit?.depth == 4)
    round.choose(7)
    #expect(round.need == .nothing)
  }

  /// What a token's exit is, for each depth at which it would leave.
  @Test(arguments: 1...5)
  func aTokenLeavesWhereItIsLetGo(depth: Int) {
    let exits = [1, 2, 3]
    var round = Round(7, settings: settings(exits, .leaving))
    for exit in exits where exit <= depth {
      #expect(round.need == .layers(to: exit))
      round.arrive()
      #expect(round.need == .decisions(of: [0]))
      round.decide([(leaves: exit == depth, confidence: Float(exit))])
    }
    if depth > 3 {
      #expect(round.need == .layers(to: 4))
      round.arrive()
    }
    #expect(round.need == .choice(after: 0))
    // At full depth the last measure stays.
    #expect(
      round.positions[0].exit == TokenExit(depth: min(depth, 4), confidence: Float(min(depth, 3))))
  }

  /// Every way in which a round of drafts can go, in every mode: each token leaves where a policy that looks at one
  /// token alone lets it go, and the round yields tokens until the first draft that is not chosen.
  @Test(arguments: [[], [1], [1, 3], [1, 2, 3]])
  func everyRoundOfThreeGoesAsItsTokensWouldAlone(exits: [Int]) {
    let depths = exits + [Self.limit]
    for choice in 0..<depths.count * depths.count * depths.count {
      let leaving = [
        depths[choice % depths.count], depths[choice / depths.count % depths.count],
        depths[choice / (depths.count * depths.count)],
      ]
      for accepted in 0...2 {
        var round = Round(1, settings: settings(exits, .leaving))
        round.append(draft(2))
        round.append(draft(3))
        var (found, depth): ([Int], Int) = ([], 0)
        while round.need != .nothing {
          switch round.need {
          case .layers(let to):
            #expect(to > depth, "layers only go up")
            depth = to
            round.arrive()
          case .decisions(let positions):
            #expect(positions.allSatisfy { $0 >= round.current && leaving[$0] >= depth })
            round.decide(positions.map { (leaves: leaving[$0] == depth, confidence: nil) })
          case .choice(let position):
            #expect(position == found.count && round.positions[position].exit?.depth == leaving[position])
            found.append(position)
            round.choose(position < accepted ? Int32(position + 2) : 99)
          case .draft, .nothing: Issue.record("\(round.need)")
          }
        }
        #expect(found == Array(0...accepted) && round.acceptedCount == accepted)
        #expect(round.outcomes.map(\.isAccepted) == (0..<2).prefix(accepted + 1).map { $0 < accepted })
        #expect(depth == leaving[...accepted].max(), "no deeper than a confirmed token needs")
      }
    }
  }

  /// The same where the policy is asked at full depth too: whoever leaves is chosen by its head, anybody else by the full
  /// one.
  @Test(arguments: [[], [1], [1, 3], [1, 2, 3]])
  func everyRoundThatIsAskedAtTheEndGoesAsItsTokensWouldAlone(exits: [Int]) {
    // Beyond the limit: nobody lets the token go.
    let depths = exits + [Self.limit, Self.limit + 1]
    for choice in 0..<depths.count * depths.count * depths.count {
      let leaving = [
        depths[choice % depths.count], depths[choice / depths.count % depths.count],
        depths[choice / (depths.count * depths.count)],
      ]
      for accepted in 0...2 {
        var round = Round(1, settings: settings(exits, .leaving, asksAtLimit: true))
        round.append(draft(2))
        round.append(draft(3))
        var (found, depth): ([TokenExit?], Int) = ([], 0)
        while round.need != .nothing {
          switch round.need {
          case .layers(let to):
            #expect(to > depth, "layers only go up")
            depth = to
            round.arrive()
          case .decisions(let positions):
            #expect(positions.allSatisfy { $0 >= round.current && leaving[$0] >= depth })
            round.decide(positions.map { (leaves: leaving[$0] == depth, confidence: Float(depth)) })
          case .choice(let position):
            found.append(round.positions[position].exit)
            round.choose(position < accepted ? Int32(position + 2) : 99)
          case .draft, .nothing: Issue.record("\(round.need)")
          }
        }
        let expected = leaving[...accepted].map { depth in
          TokenExit(
            depth: min(depth, Self.limit), head: depth > Self.limit ? .full : .narrow,
            confidence: Float(min(depth, Self.limit)))
        }
        #expect(found == expected && round.acceptedCount == accepted)
      }
    }
  }

  /// Full depth verifies what exits draft: all layers follow the last draft, and are run once.
  @Test func exitsDraftUntilNoneIsLetGo() {
    var round = Round(1, settings: settings([1, 3], .drafting))
    #expect(round.need == .layers(to: 1))
    round.append(draft(2))
    round.arrive()
    #expect(round.need == .decisions(of: [1]), "the last token drafts")
    round.decide([(leaves: false, confidence: nil)])
    #expect(round.need == .layers(to: 3))
    round.arrive()
    round.decide([(leaves: true, confidence: nil)])
    #expect(round.need == .draft)
    round.append(Draft(token: 3, source: .exit(depth: 3)))
    #expect(round.need == .layers(to: 1) && round.isOpen)
    for exit in [1, 3] {
      round.arrive()
      #expect(round.need == .decisions(of: [2]))
      round.decide([(leaves: false, confidence: nil)])
      #expect(round.need == .layers(to: exit == 1 ? 3 : 4))
    }
    round.arrive()
    #expect(round.need == .choice(after: 0) && round.positions.allSatisfy { $0.exit?.depth == 4 })
    round.choose(2)
    round.choose(3)
    round.choose(4)
    #expect(round.need == .nothing && round.acceptedCount == 2)
    #expect(round.outcomes.map(\.isAccepted) == [true, true])
  }

  @Test func draftingAtExitsCanBeEnded() {
    var round = Round(1, settings: settings([2], .drafting))
    round.endDrafting()
    #expect(round.need == .layers(to: 4))
    round = Round(1, settings: settings([2], .drafting))
    round.arrive()
    round.decide([(leaves: true, confidence: nil)])
    round.endDrafting()
    #expect(round.need == .layers(to: 4))
    round.arrive()
    #expect(round.need == .choice(after: 0))
  }
}
