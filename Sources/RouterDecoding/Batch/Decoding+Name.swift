import RouterExit

extension Decoding {
  /// The mode, the policy that is asked, and the point of its path, such as `exit probe point 2`.
  package var name: String {
    [mode.rawValue, policy?.name, plan?.point.map { "point \($0)" }].compactMap(\.self).joined(separator: " ")
  }
}
