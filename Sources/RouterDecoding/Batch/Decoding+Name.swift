import RouterExit

extension Decoding {
  /// The mode, and the policy that is asked, such as `exit entropy`.
  var name: String { [mode.rawValue, policy?.name].compactMap(\.self).joined(separator: " ") }
}
