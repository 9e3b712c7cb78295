import RouterDecoding
import RouterModel
import RouterTestSupport
import Testing

/// Draft tables, and what decides how many drafts are tried.
struct DraftTableTests {
  private static let answers = ([[1, 2, 3, 4, 5], [9, 2, 3, 4, 6], [7, 2, 3, 4, 6], [2, 8]] as [[Int32]]).map(
    DraftTrainingText.own)

  @Test func whatCountsIsWhatTheModelSays() throws {
    let text = DraftTrainingText(tokens: [1, 2, 3, 4], following: [7, nil, 8], first: 2)
    let table = try #require(DraftTable(training: [text, text], slotCount: 256))
    func token(_ tail: [Int32]) -> Int32? { table.draft(after: tail)?.token }
    #expect(token([1, 2]) == 7 && token([2]) == 7, "the text goes on with 3")
    #expect(token([3]) == nil && token([1]) == nil)
    #expect(token([2, 3, 4]) == 8 && token([4]) == 8, "after the last token too")
  }

  @Test func theSurestKnownRunIsContinuedAsMostOften() throws {
    let table = try #require(DraftTable(training: Self.answers, slotCount: 256))
    func token(_ tail: [Int32]) -> Int32? { table.draft(after: tail)?.token }
    #expect(token([1, 2, 3]) == 4)
    #expect(token([0, 3, 4]) == 6, "two of three")
    #expect(token([2, 3, 4]) == 6)
    #expect(token([50, 50, 2]) == 3, "three of four")
    #expect(token([50, 51, 52]) == nil && token([]) == nil)
    #expect(table.draft(after: [2, 3, 4])?.source == .table(order: 3, level: 4), "2 / (3 + 1) of 8 levels")
    #expect(
      table.draft(after: [1, 2, 3])?.source == .table(order: 2, level: 6), "3 / (3 + 1), not 1 / (1 + 1)")
    #expect(table.draft(after: [50, 50, 2])?.source == .table(order: 1, level: 4), "3 / (4 + 1)")
  }

  @Test func aTableIsWhatItsSlotsSay() throws {
    let table = try #require(DraftTable(training: Self.answers, slotCount: 64))
    #expect(DraftTable(slots: table.slots) == table)
    #expect(
      DraftTable(training: Self.answers, slotCount: 64) == table, "the order of a dictionary does not show")
    #expect(table.count > 0 && table.count <= 64)
    for count in [0, 1, 8, 24, 65] { #expect(DraftTable(slots: .init(repeating: 0, count: count)) == nil) }
  }

  /// Where slots are scarce, what is seen most stays.
  @Test func frequentRunsComeFirst() throws {
    let rare = (0..<400).map { (index: Int32) in DraftTrainingText.own([1000 + 2 * index, 1001 + 2 * index]) }
    let frequent = Array(repeating: DraftTrainingText.own([5, 6]), count: 3)
    let table = try #require(DraftTable(training: rare + frequent, slotCount: 16))
    #expect(table.draft(after: [5])?.token == 6)
    #expect(table.count <= 16)
  }

  /// What a checkpoint brings is what decoding uses.
  @Test func aModelHasTheTableOfItsWeights() throws {
    let tiny = try TinyLanguage.make()
    #expect(tiny.draftTable == nil)
    let table = try #require(DraftTable(training: Self.answers, slotCount: 64))
    let weights = tiny.model.weights
    let model = LlamaModel(
      configuration: tiny.model.configuration, exits: tiny.exits,
      weights: LlamaWeights(
        embedding: weights.embedding, finalNorm: weights.finalNorm, head: weights.head,
        layers: weights.layers,
        draftSlots: table.slots), matmul: tiny.model.matmul)
    let language = LanguageModel(
      model: model, tokenizer: tiny.tokenizer, metadata: tiny.metadata, fingerprint: tiny.fingerprint)
    #expect(language.draftTable == table)
  }

  @Test func theContextContinuesItsOwnRuns() {
    var context = DraftContext()
    for token in [1, 2, 3, 4, 9, 2, 3] as [Int32] { context.append(token) }
    #expect(context.draft(after: [Int32]()).map(\.token) == 4)
    #expect(context.draft(after: [Int32]()).map(\.order) == 2)
    #expect(context.draft(after: [4] as [Int32]).map(\.token) == 9)
    #expect(context.draft(after: [4, 9, 2] as [Int32]).map(\.order) == 4)
    #expect(context.draft(after: [50] as [Int32]) == nil)
    #expect(context.tail(4, with: [7] as [Int32]) == [9, 2, 3, 7])
  }
}
