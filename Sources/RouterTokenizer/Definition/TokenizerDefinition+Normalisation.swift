extension TokenizerDefinition.Normalisation {
  /// The normalised text.
  func applied(to text: String) -> String {
    switch self {
    case .none: text
    case .nfc: CanonicalComposition.composed(text)
    }
  }
}
