/// Exits once several consecutive exits agree on the most likely token (PABEE, arXiv 2006.04152).
///
/// Every question pays a full head. The confidence is the fraction of the patience that has been reached.
public struct PatiencePolicy: ExitPolicy, Equatable {
  public let name: String
  public let exits: [Int]

  /// k: how many consecutive exits must agree on the argmax, 2 or more.
  public let patience: Int

  /// Creates a policy.
  ///
  /// - Throws: ``PolicyError`` if `exits` is empty or not ascending from 1, or `patience` is not in
  ///   2...`exits.count`.
  public init(name: String? = nil, exits: [Int], patience: Int) throws(PolicyError) {
    try PolicyValidation.checkExits(exits)
    guard patience >= 2 && patience <= exits.count else {
      throw PolicyError(
        code: .invalidValue,
        what: "patience \(patience) cannot work with \(exits.count) exit\(exits.count == 1 ? "" : "s")",
        location: "$.patience",
        remedy: "Use at least two exits and a patience from 2 to their number.")
    }
    self.name = try PolicyValidation.checkedName(name ?? "patience")
    self.exits = exits
    self.patience = patience
  }

  public var decidesTokensApart: Bool { true }

  public func makeDecider() -> any ExitDecider { PatienceDecider(self) }
}
