/// Drafts of the next tokens of a sequence that cost a look in memory: from the sequence itself, and from a table of
/// what the model says.
struct Drafter {
  private let table: DraftTable?
  private let vocabularySize: Int
  private var context = DraftContext()

  init(table: DraftTable?, vocabularySize: Int) {
    self.table = table
    self.vocabularySize = vocabularySize
  }

  /// Takes the next token of the sequence.
  mutating func append(_ token: Int32) { context.append(token) }

  /// A draft of the token after `drafts`, which follow the sequence: the better of the two.
  func draft(after drafts: some BidirectionalCollection<Int32>, by statistics: AcceptanceStatistics) -> Draft?
  {
    let context = context.draft(after: drafts).map {
      Draft(token: $0.token, source: .context(order: $0.order))
    }
    let table = table?.draft(after: self.context.tail(DraftTable.orders.upperBound, with: drafts))
      .flatMap { $0.token < vocabularySize ? $0 : nil }
    guard let context, let table else { return context ?? table }
    if context.token == table.token, case .context(let order) = context.source,
      case .table(_, let level) = table.source
    {
      return Draft(token: table.token, source: .both(order: order, level: level))
    }
    return statistics.acceptance(of: context.source) >= statistics.acceptance(of: table.source)
      ? context : table
  }
}
