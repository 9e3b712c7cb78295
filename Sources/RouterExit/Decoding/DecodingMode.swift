/// The name of a way to decode, as commands and requests spell it; ``Decoding`` has what each needs.
public enum DecodingMode: String, Sendable, Codable, CaseIterable {
  /// Every token runs all layers.
  case full
  /// A policy decides at each exit; approximate, bounded by calibration.
  case exit
  /// Speculative decoding: drafts that all layers verify in one pass; the same tokens as `full`.
  case verify
}
