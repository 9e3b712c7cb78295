/// A prefix that is kept, as others are told of it.
package struct KeptPrefix: Sendable, Equatable {
  package let name: String
  /// Tokens, T.
  package let tokenCount: Int
  /// Pages of keys and values that it holds, some perhaps together with others.
  package let pageCount: Int
  /// When it was made, seconds since 1970.
  package let created: Int

  package init(name: String, tokenCount: Int, pageCount: Int, created: Int) {
    self.name = name
    self.tokenCount = tokenCount
    self.pageCount = pageCount
    self.created = created
  }
}
