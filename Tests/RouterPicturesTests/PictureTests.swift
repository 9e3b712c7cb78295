import Foundation
import RouterPictures
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

struct PictureTests {
  /// Whether text is well-formed XML, which browsers insist on.
  private func isWellFormed(_ text: String) -> Bool { XMLParser(data: Data(text.utf8)).parse() }

  @Test func aChartHasACurveForEachSeries() {
    let chart = LineChart(
      title: "a < b & \"c\"", horizontalTitle: "step", verticalTitle: "loss",
      curves: [
        (label: "one", points: [(0, 1), (1, 0.5), (2, .nan), (3, 0.25)]), (label: "two", points: [(0, 2)]),
      ])
    #expect(isWellFormed(chart.svg))
    #expect(chart.svg.contains("a &lt; b &amp; &quot;c&quot;"))
    #expect(!chart.svg.lowercased().contains("nan"))
    // Grid lines, and a line and a key for each curve.
    #expect(chart.svg.components(separatedBy: "<polyline").count - 1 == 6 + 2 * 2)
  }

  @Test func longCurvesAreThinnedOut() {
    let points = (0..<50_000).map { (x: Double($0), y: 1 / Double($0 + 1)) }
    let chart = LineChart(
      title: "t", horizontalTitle: "", verticalTitle: "", curves: [(label: "a", points: points)])
    #expect(chart.svg.utf8.count < 40_000)
  }

  @Test func emptyPicturesAreStillPictures() {
    #expect(isWellFormed(LineChart(title: "t", horizontalTitle: "", verticalTitle: "", curves: []).svg))
    #expect(isWellFormed(HeatMap(title: "t", columnTitle: "", columns: [], rows: []).svg))
  }

  @Test func aHeatMapsColoursFollowItsNumbers() {
    let map = HeatMap(
      title: "t", columnTitle: "c", columns: ["x", "y"],
      rows: [(label: "r", values: [0, 10]), (label: "s", values: [nil, 5])])
    // The ramp's ends and its middle.
    for colour in ["rgb(68,1,84)", "rgb(253,231,37)", "rgb(33,145,140)"] { #expect(map.svg.contains(colour)) }
    #expect(map.svg.contains("<title>r, y: 10</title>"))
    #expect(isWellFormed(map.svg))
  }
}
