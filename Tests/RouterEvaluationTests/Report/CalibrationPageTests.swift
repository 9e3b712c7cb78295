import Foundation
import RouterEvaluation
import RouterExit
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

struct CalibrationPageTests {
  private static let digest = String(repeating: "ab", count: 32)

  /// A threshold policy with a promise about a model of 4 layers.
  private func findings(guarantee: Bool = true) throws -> CalibrationFindings {
    let rule: PolicyFile.Rule =
      guarantee
      ? .threshold(
        try ThresholdPolicy(name: "tiny", estimator: .margin, exits: [1, 3], thresholds: [nil, 0.75]))
      : .fixed(try FixedDepthPolicy(name: "tiny", depth: 4))
    let certified = try PolicyGuarantee(
      metric: "disagreement", risk: 0.1, delta: 0.05, prompts: 60, method: "hoeffding-bentkus", bound: 0.0921,
      empiricalRisk: 0.0437, heldOutRisk: 0.05, heldOutPrompts: 20, maximumTokens: 48)
    let policy = try PolicyFile(
      rule: rule, guarantee: guarantee ? certified : nil,
      measured: PolicyMeasurements(meanDepth: 3.25, tokensPerSecond: 150, fullTokensPerSecond: 120),
      provenance: PolicyProvenance(modelSHA256: Self.digest, dataSHA256: Self.digest))
    return CalibrationFindings(
      policy: policy, modelName: "tiny <model>", layerCount: 4, metric: "disagreement", risk: 0.1,
      fullSeconds: 0.008)
  }

  private func rich() throws -> CalibrationFindings {
    var findings = try findings()
    findings.points = [
      .init(
        rule: "3: 0.9", meanDepth: 3.8, seconds: 0.0078, tokensPerSecond: 121, risk: 0.01, bound: 0.04,
        prompts: 60, passed: true),
      .init(
        rule: "3: 0.75", meanDepth: 3.25, seconds: 0.0071, tokensPerSecond: 150, risk: 0.0437, bound: 0.0921,
        prompts: 60, passed: true),
      .init(
        rule: "3: 0.5", meanDepth: nil, seconds: nil, tokensPerSecond: nil, risk: 0.3, bound: 0.4,
        prompts: 9, passed: false),
    ]
    findings.certified = 1
    findings.candidates = [
      .init(
        name: "margin", verdict: "chosen", meanDepth: 3.25, risk: 0.05, timeRatio: 0.8, seconds: 0.0071,
        isChosen: true),
      .init(
        name: "patience", verdict: "never pays", meanDepth: nil, risk: nil, timeRatio: nil, seconds: nil,
        isChosen: false),
    ]
    findings.estimator = "margin"
    findings.positions = [0..<6, 6..<12]
    findings.exits = [1, 3].map { depth in
      .init(
        depth: depth, threshold: depth == 3 ? 0.75 : nil,
        bins: [
          .init(confidence: 0.25, agreement: 0.4, tokens: 30),
          .init(confidence: 0.95, agreement: 0.9, tokens: 10),
        ],
        agreement: 0.525, agreements: [0.5, nil], quality: nil)
    }
    findings.policyAgreements = [0.97, 0.95]
    findings.depthCounts = [3: 30, 4: 70]
    findings.examples = [
      .init(
        prompt: "Is 1 < 2 & \"2\" > '1'?\u{1}",
        tokens: [
          .init(text: "<script>", depth: 3, agrees: false), .init(text: " yes\n", depth: 4, agrees: true),
        ])
    ]
    findings.facts = [("command", "router calibrate --name '<x>'")]
    return findings
  }

  /// Balanced tags and escaped text: what is well-formed XML is read alike by every browser.
  private func isWellFormed(_ html: String) -> Bool { XMLParser(data: Data(html.utf8)).parse() }

  @Test func aReportIsWellFormedAndNeedsNothingElse() throws {
    let html = CalibrationPage(try rich()).html
    #expect(isWellFormed(html))
    for reference in ["<script", "http:", "https:", "src=", "href=", "url(", "@import"] {
      #expect(!html.contains(reference), "\(reference)")
    }
    for number in ["nan\"", "nan,", "nan ", "inf\"", "inf,"] { #expect(!html.contains(number), "\(number)") }
  }

  @Test func textsAreShownAndNeverRun() throws {
    let html = CalibrationPage(try rich()).html
    #expect(html.contains("&lt;script&gt;"))
    #expect(html.contains("Is 1 &lt; 2 &amp; &quot;2&quot; &gt; &#39;1&#39;?\u{FFFD}"))
    #expect(html.contains("tiny &lt;model&gt;"))
    #expect(html.contains("--name &#39;&lt;x&gt;&#39;"))
  }

  @Test func theGuaranteeIsSaidInWords() throws {
    let html = CalibrationPage(try rich()).html
    #expect(html.contains("at most 10 % of an answer&#39;s tokens differ from what all 4 layers"))
    #expect(html.contains("wrong with a probability of at most 5 %"))
    #expect(html.contains("4.37 %") && html.contains("bound 9.21 %"))
    // 150 against 120 tokens a second.
    #expect(html.contains("1.25\u{D7}"))
  }

  @Test func theCertifiedPointIsMarkedInBothChartsAndInTheTable() throws {
    let html = CalibrationPage(try rich()).html
    #expect(html.components(separatedBy: ">certified</text>").count - 1 == 2)
    #expect(html.components(separatedBy: "<tr class=\"certified\">").count - 1 == 2)
    #expect(html.contains("<td>failed</td>"))
    // The point without tokens has no place in a chart: two points and full depth in each of two.
    #expect(html.components(separatedBy: "passed dot\"").count - 1 == 2)
    #expect(html.components(separatedBy: "accent dot\"").count - 1 == 2)
    #expect(html.components(separatedBy: "full dot\"").count - 1 == 2)
  }

  @Test func tokensCarryTheirDepth() throws {
    let html = CalibrationPage(try rich()).html
    // Exit 3 is the second of two exits, so it has the second colour.
    #expect(
      html.contains(
        "<span class=\"t e1 off\" title=\"layer 3 of 4; full depth would have chosen another token\">"))
    #expect(html.contains("<span class=\"t\" title=\"layer 4 of 4\"> yes\n</span>"))
    #expect(html.contains("leaves from 0.75"))
    #expect(html.contains(">30 %</text>") && html.contains(">70 %</text>"))
  }

  @Test func aCalibrationThatCertifiedNothingHasAReport() throws {
    let html = CalibrationPage(try findings(guarantee: false)).html
    #expect(isWellFormed(html))
    #expect(html.contains("No point was certified for an expected disagreement of at most 10 %"))
    #expect(!html.contains("<svg"))
  }

  @Test func aBudgetSaysWhatItCosts() throws {
    var findings = try findings(guarantee: false)
    findings.risk = nil
    findings.policy = try PolicyFile(
      rule: .fixed(FixedDepthPolicy(name: "tiny", depth: 3)),
      measured: PolicyMeasurements(
        meanDepth: 3,
        risk: MeasuredRisk(
          metric: "disagreement", mean: 0.3, low: 0.25, high: 0.35, confidence: 0.95, prompts: 80)))
    let html = CalibrationPage(findings).html
    #expect(isWellFormed(html))
    #expect(html.contains("lies between 25 % and 35 % with 95 % confidence"))
  }

  @Test func neighboursShareTheColoursOfManyExits() throws {
    var findings = try rich()
    let exit = try #require(findings.exits.first)
    findings.exits = (1...40).map { depth in
      var other = exit
      other.depth = depth
      return other
    }
    findings.layerCount = 41
    let html = CalibrationPage(findings).html
    #expect(isWellFormed(html))
    #expect(html.contains("exit 40") && !html.contains("class=\"label e12\""))
  }
}
