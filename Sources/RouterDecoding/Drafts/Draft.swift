/// A draft: a cheap proposal for the next token.
struct Draft: Equatable {
  let token: Int32
  let source: DraftSource
}
