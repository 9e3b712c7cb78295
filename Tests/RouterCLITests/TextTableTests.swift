import RouterCLI
import Testing

struct TextTableTests {
  @Test func columnsAreAsWideAsTheirWidestCell() {
    var table = TextTable(["name", "risk", "note"], numeric: [1])
    table.add(["a", "0.05", ""])
    table.add(["a longer one", "12.5", "x"])
    #expect(
      table.lines == [
        "name          risk  note",
        "a             0.05",
        "a longer one  12.5  x",
      ])
  }

  @Test func numbersAreAlignedToTheRight() {
    var table = TextTable(["exit", "bytes"], numeric: [0, 1])
    table.add(["4", "1234567"])
    table.add(["12", "8"])
    #expect(
      table.lines == [
        "exit    bytes",
        "   4  1234567",
        "  12        8",
      ])
  }

  @Test func charactersCountNotBytes() {
    var table = TextTable(["é", "b"])
    table.add(["日本", "c"])
    #expect(table.lines == ["é   b", "日本  c"])
  }

  @Test func aTableWithoutRowsIsItsHeader() {
    #expect(TextTable(["a", "bc"]).lines == ["a  bc"])
  }
}
