import RouterDecoding

/// What one choice has gained since it was last asked.
package struct ChoiceDelta: Sendable {
  /// Text released to the client.
  package var text = ""
  /// The tokens that it stands for, including those whose text is held back or empty.
  package var tokens: [GeneratedToken] = []
}
