import RouterPictures
import Testing

struct FigureTests {
  @Test(arguments: [
    (0.0, "0"), (1, "1"), (12, "12"), (123.4, "123"), (1234, "1234"), (0.0512, "0.0512"), (0.05126, "0.0513"),
    (2.5, "2.5"), (-0.25, "-0.25"), (99.96, "100"), (0.999, "0.999"), (7e-5, "0.00007"), (.infinity, "-"),
  ])
  func threeDigitsSayEnough(value: Double, text: String) {
    #expect(Figure.short(value) == text)
  }

  @Test func sharesAndTimes() {
    #expect(Figure.percent(0.0887) == "8.87 %")
    #expect(Figure.roundPercent(0.12345) == "12.3 %")
    #expect(Figure.milliseconds(0.00825) == "8.25 ms")
  }

  @Test func ticksAreRoundAndHoldTheValues() {
    let axis = PlotFrame.Axis("x", values: [6.85, 8.25])
    #expect(axis.range.lowerBound <= 6.85 && axis.range.upperBound >= 8.25)
    #expect(axis.ticks.map(Figure.short) == ["6.5", "7", "7.5", "8", "8.5"])
    #expect(
      PlotFrame.Axis("x", values: [0.117], from: 0).ticks.map(Figure.short) == ["0", "0.05", "0.1", "0.15"])
    // One value, or none, still makes an axis.
    #expect(PlotFrame.Axis("x", values: [3]).ticks.count >= 2)
    #expect(PlotFrame.Axis("x", values: []).ticks.count >= 2)
  }

  @Test func labelsAreMovedApartInOrder() {
    let places = PlotFrame.spread([10, 12, 50, 11], distance: 5, limit: 100)
    #expect(places == [10, 20, 50, 15])
    // At the lower edge they are pushed up.
    #expect(PlotFrame.spread([98, 99], distance: 5, limit: 100) == [95, 100])
  }
}
