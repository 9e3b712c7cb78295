import RouterModel
import RouterRandom
import Testing

/// Which pages begin which token sequences.
struct PrefixIndexTests {
  private let page = KeyValueLayout.pagePositions

  private func tokens(_ count: Int, seed: Int32 = 0) -> [Int32] {
    (0..<Int32(count)).map { $0 &* 31 &+ seed &* 7919 }
  }

  @Test func pagesAreFoundByTheirTokens() {
    var index = PrefixIndex()
    let text = tokens(300)
    #expect(index.match(text, limit: 300, scope: "").count == 0)
    #expect(index.insert(text[...], pages: [10, 11, 12], scope: "").added == [10, 11, 12])
    let match = index.match(text, limit: 300, scope: "")
    #expect(
      match.pages == [10, 11] && match.tail?.page == 12 && match.tail?.count == 44 && match.count == 300)
    // A limit within a page makes a tail of it.
    let short = index.match(text, limit: 255, scope: "")
    #expect(short.pages == [10] && short.tail?.page == 11 && short.tail?.count == 127)
    // Others go on elsewhere.
    var other = text
    other[200] = -1
    #expect(index.match(other, limit: 300, scope: "").tail?.count == 200 - page)
    #expect(index.match(other, limit: 300, scope: "a salt").count == 0)
    other[130] = -1
    #expect(index.match(other, limit: 300, scope: "").count == page, "so little is not worth a copy")
    #expect(index.knownCount(of: text, limit: 299, scope: "") == 299)
  }

  /// Two token sequences of one hash are two.
  @Test func tokensAreComparedWhateverTheirHash() {
    var index = PrefixIndex { _ in 7 }
    for seed in 0..<5 {
      _ = index.insert(tokens(256, seed: Int32(seed))[...], pages: [2 * seed, 2 * seed + 1], scope: "")
    }
    #expect(index.count == 10)
    for seed in 0..<5 {
      #expect(
        index.match(tokens(256, seed: Int32(seed)), limit: 256, scope: "").pages == [2 * seed, 2 * seed + 1])
    }
    #expect(index.match(tokens(256, seed: 5), limit: 256, scope: "").count == 0)
  }

  /// A page that its holder goes on with is known once, with all it has come to.
  @Test func aTailGrowsWithItsPage() {
    var index = PrefixIndex()
    let text = tokens(300)
    #expect(index.insert(text[..<50], pages: [1], scope: "").added == [1])
    #expect(index.insert(text[..<90], pages: [1], scope: "") == ([], []))
    #expect(index.match(text, limit: 300, scope: "").tail?.count == 90)
    // What another holder has come to with a copy replaces it.
    let (added, removed) = index.insert(text[..<100], pages: [2], scope: "")
    #expect(added == [2] && removed == [1] && index.count == 1)
    // Fewer positions of the same are known already.
    #expect(index.insert(text[..<70], pages: [3], scope: "") == ([], []))
    #expect(index.insert(text[..<256], pages: [2, 4], scope: "").added == [4])
    #expect(index.match(text, limit: 300, scope: "").pages == [2, 4] && index.count == 2)
    #expect(index.insert(text[..<256], pages: [5, 6], scope: "") == ([], []), "known pages stay")
  }

  /// The page that was used the longest time ago goes first, and none before those that follow it.
  @Test func theOldestGoesFirst() {
    var index = PrefixIndex()
    let (first, second) = (tokens(256), tokens(256, seed: 1))
    _ = index.insert(first[...], pages: [0, 1], scope: "")
    _ = index.insert(second[...], pages: [2, 3], scope: "")
    _ = index.match(first, limit: 256, scope: "")
    #expect(index.removeOldest { _ in true } == [3])
    #expect(index.removeOldest { $0 != 2 } == [1])
    #expect(index.match(first, limit: 256, scope: "").pages == [0])
    #expect(index.removeOldest { _ in false } == [])
    #expect(index.removeOldest { _ in true } == [2] && index.removeOldest { _ in true } == [0])
    #expect(index.count == 0 && index.removeOldest { _ in true } == [])
    // What follows an idle page goes with it.
    _ = index.insert(first[...], pages: [0, 1], scope: "")
    #expect(Set(index.removeOldest { $0 == 0 }) == [0, 1] && index.count == 0)
  }

  /// Against a list of all that was put in: what is found is there, in any order of use and removal.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func whatIsFoundIsWhatWasPutIn(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var index = PrefixIndex { $0.count % 2 }
    /// Tokens from the first position on to the end of what is known of each page.
    var known: [Int: [Int32]] = [:]
    var next = 0
    for _ in 0..<400 {
      let text = (0..<Int.random(in: 1...4, using: &random)).flatMap { _ in
        tokens(page, seed: Int32.random(in: 0..<3, using: &random))
      }
      let count = Int.random(in: 1...text.count, using: &random)
      let scope = Bool.random(using: &random) ? "a" : "b"
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        for page in index.removeOldest(where: { _ in true }) { known[page] = nil }
      case 1, 2:
        let pages = Array(next..<next + KeyValueLayout.pageCount(for: count))
        next += pages.count
        let (added, removed) = index.insert(text[..<count], pages: pages, scope: scope)
        for page in added {
          let end = min((page - pages[0] + 1) * self.page, count)
          known[page] = [scope == "a" ? -1 : -2] + text[..<end]
        }
        for page in removed { known[page] = nil }
      default:
        let match = index.match(text, limit: count, scope: scope)
        #expect(match.count <= count)
        for (place, page) in match.pages.enumerated() {
          let expected = [scope == "a" ? -1 : -2] + text[..<((place + 1) * self.page)]
          #expect(known[page] == expected)
        }
        if let tail = match.tail {
          #expect(known[tail.page]?.starts(with: [scope == "a" ? -1 : -2] + text[..<match.count]) == true)
        }
      }
      #expect(index.count == known.count)
    }
    #expect(Set(index.removeAll()) == Set(known.keys) && index.count == 0)
  }
}
