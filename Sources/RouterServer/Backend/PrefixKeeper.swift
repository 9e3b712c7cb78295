import RouterDecoding

/// Keeps named beginnings of prompts, so that requests which begin with them need not have them read.
package protocol PrefixKeeper: Sendable {
  /// What is kept, in the order of names.
  var list: [KeptPrefix] { get }

  /// The prefix of that name.
  subscript(name: String) -> KeptPrefix? { get }

  /// What they take.
  var usage: PrefixUsage { get }

  /// Reads a prompt in full depth and keeps it, in place of one of the same name.
  ///
  /// - Throws: `PrefixError` or `GenerationError`; what was kept before is kept then.
  func keep(_ tokens: [Int32], as name: String) async throws -> KeptPrefix

  /// Keeps a prefix no longer.
  ///
  /// - Throws: `PrefixError`; it is kept then.
  func forget(_ name: String) async throws
}

extension PrefixStore: PrefixKeeper {}
