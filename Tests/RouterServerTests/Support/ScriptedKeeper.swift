import RouterDecoding
import RouterServer
import Synchronization

/// Keeps prefixes in name only, and fails as a test says.
final class ScriptedKeeper: PrefixKeeper {
  private let kept = Mutex<[String: [Int32]]>([:])
  private let failure: PrefixError?

  init(failure: PrefixError? = nil) { self.failure = failure }

  /// The tokens of each prefix.
  var tokens: [String: [Int32]] { kept.withLock { $0 } }

  var list: [KeptPrefix] { tokens.map(Self.prefix).sorted { $0.name < $1.name } }
  subscript(name: String) -> KeptPrefix? { tokens[name].map { Self.prefix(name, $0) } }
  var usage: PrefixUsage { PrefixUsage(count: tokens.count, pages: tokens.count, pageLimit: 9) }

  func keep(_ tokens: [Int32], as name: String) async throws -> KeptPrefix {
    if let failure { throw failure }
    kept.withLock { $0[name] = tokens }
    return Self.prefix(name, tokens)
  }

  func forget(_ name: String) async throws {
    if let failure { throw failure }
    guard kept.withLock({ $0.removeValue(forKey: name) }) != nil else { throw PrefixStore.unknown(name) }
  }

  private static func prefix(_ name: String, _ tokens: [Int32]) -> KeptPrefix {
    KeptPrefix(name: name, tokenCount: tokens.count, pageCount: 1, created: 1_700_000_000)
  }
}
