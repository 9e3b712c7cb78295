import RouterCLI
import Testing

struct IntegerListTests {
  @Test func numbersAreSeparatedByCommas() {
    #expect(IntegerList(argument: "1,2,16")?.values == [1, 2, 16])
    #expect(IntegerList(argument: "0")?.values == [0])
  }

  @Test func aNumberCountsOnce() {
    #expect(IntegerList(argument: "2,1,2")?.values == [2, 1])
  }

  @Test func noneIsEmpty() {
    #expect(IntegerList(argument: "none")?.values == [])
    #expect(IntegerList([]).defaultValueDescription == "none")
    #expect(IntegerList([1, 2]).defaultValueDescription == "1,2")
  }

  @Test(arguments: ["", ",", "1,", ",1", "1,,2", "a", "-1", "1.5", "1 2", "99999999999999999999"])
  func otherTextIsRefused(_ text: String) {
    #expect(IntegerList(argument: text) == nil)
  }
}
