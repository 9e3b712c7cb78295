import RouterCalibration
import RouterExit
import RouterRandom
import Testing

@Suite struct LossMetricTests {
  @Test func zeroOneLossesGetTheExactTest() {
    #expect(LossMetric.exactMatch.preferredTest == .exactBinomial)
    #expect(LossMetric.disagreement.preferredTest == .betting)
  }
}

@Suite struct AnswerRuleTests {
  @Test(arguments: [
    ("Dorothy", " Dorothy\n", true), ("Dorothy", "dorothy", false), ("Dorothy", "Dorothy.", false),
    ("", " ", true),
  ])
  func exactIgnoresOnlyOuterWhiteSpace(expected: String, generated: String, isRight: Bool) {
    #expect(AnswerRule.exact.isRight(expected: expected, generated: generated) == isRight)
  }

  @Test(arguments: [
    ("Dorothy", "It was DOROTHY, of course.", true),
    ("New York", "in new\n  york", true),
    ("90%", "about 90 percent", true),
    ("art", "cartoon", false),
    ("New York", "York, New", false),
    ("été", "En ÉTÉ.", true),
    ("", "anything", false),
    ("...", "...", false),
    ("yes", "", false),
  ])
  func containsFindsWholeWords(expected: String, generated: String, isRight: Bool) {
    #expect(AnswerRule.contains.isRight(expected: expected, generated: generated) == isRight)
  }

  @Test(arguments: [
    ("He makes 9 * 2 = $<<9*2=18>>18.\n#### 18", "18"),
    ("#### 1,234", "1234"),
    ("#### $1,234.50", "1234.5"),
    ("#### -7", "-7"),
    ("####-$7.00", "-7"),
    ("So 3 and then 25 apples.", "25"),
    ("the range 3-4", "4"),
    ("#### 12 and 13", "12"),
    ("first #### 1, then #### 2", "2"),
    ("007", "7"),
    ("0.50", "0.5"),
    ("-0", "0"),
    ("a list: 1, 2, 3.", "3"),
  ])
  func finalNumbersHaveOneForm(text: String, number: String) {
    #expect(AnswerRule.finalNumber(in: text) == number)
  }

  @Test func finalNumbersDecide() {
    let rule = AnswerRule.finalNumber
    #expect(rule.isRight(expected: "...\n#### 1,000", generated: "The total is $1000.00."))
    #expect(!rule.isRight(expected: "#### 18", generated: "The total is 19."))
    #expect(!rule.isRight(expected: "#### 18", generated: "No idea."))
    #expect(!rule.isRight(expected: "none", generated: "none"))
    // After the mark there is no number, though there was one before.
    #expect(!rule.isRight(expected: "#### 18", generated: "18 ####"))
  }

  @Test(arguments: AnswerRule.allCases)
  func everyRuleTakesAnyText(rule: AnswerRule) {
    var generator = SplitMix64(seed: 12)
    let alphabet: [Character] = ["#", "1", "0", ",", ".", "-", "$", " ", "\n", "a", "é", "👩‍👩‍👧", "\u{0}"]
    for _ in 0..<500 {
      let text = String(
        (0..<Int.random(in: 0...12, using: &generator)).map { _ in
          alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
        })
      let isRight = rule.isRight(expected: text, generated: text)
      if rule == .exact { #expect(isRight) }
      if rule == .finalNumber { #expect(isRight == (AnswerRule.finalNumber(in: text) != nil)) }
    }
  }
}
