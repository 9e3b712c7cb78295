/// A draft: a cheap proposal for the next token.
package struct Draft: Equatable {
  package let token: Int32
  package let source: DraftSource
}
