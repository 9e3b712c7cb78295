import RouterCLI
import Testing

struct FixedDecimalsTests {
  @Test(arguments: [
    (0.0, 2, "0.00"), (1, 0, "1"), (0.5, 1, "0.5"), (3.14159, 2, "3.14"), (12.0625, 3, "12.063"),
    (0.05, 3, "0.050"), (0.007, 2, "0.01"), (1234567.891, 1, "1234567.9"),
  ])
  func hasTheAskedDecimals(value: Double, decimals: Int, text: String) {
    #expect(String.fixed(value, decimals) == text)
  }

  @Test(arguments: [
    (0.96, 1, "1.0"), (9.999, 2, "10.00"), (99.5, 0, "100"), (0.125, 2, "0.13"), (0.375, 2, "0.38"),
    (0.4999, 0, "0"),
  ])
  func roundsHalvesAwayFromZeroAndCarries(value: Double, decimals: Int, text: String) {
    #expect(String.fixed(value, decimals) == text)
  }

  @Test(arguments: [(-1.5, 1, "-1.5"), (-0.25, 1, "-0.3"), (-0.05, 2, "-0.05"), (-99.96, 1, "-100.0")])
  func keepsTheSign(value: Double, decimals: Int, text: String) {
    #expect(String.fixed(value, decimals) == text)
  }

  @Test(arguments: [-0.0, -0.004])
  func zeroHasNoSign(value: Double) {
    #expect(String.fixed(value, 2) == "0.00")
    #expect(String.fixed(value, 0) == "0")
  }

  @Test(arguments: [
    (Double.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"), (1e300, "1e+300"), (-1e300, "-1e+300"),
  ])
  func numbersBeyondDecimalsAreWrittenAsTheyAre(value: Double, text: String) {
    #expect(String.fixed(value, 3) == text)
  }
}
