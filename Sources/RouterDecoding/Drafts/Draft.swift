/// A draft: a cheap proposal for the next token.
package struct Draft: Sendable, Equatable {
  package let token: Int32
  package let source: DraftSource

  package init(token: Int32, source: DraftSource) {
    self.token = token
    self.source = source
  }
}
