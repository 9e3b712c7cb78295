import RouterExit

/// How answers come about, as requests and `--mode` name it: a mode of decoding, or the one that is done soonest.
package enum ServedMode: String, Sendable, CaseIterable {
  /// Every token runs all layers.
  case full
  /// A policy decides at each exit.
  case exit
  /// Drafts that all layers verify: the same tokens as `full`.
  case verify
  /// For each request whichever of `full`, `verify` and the certified points of the policy's path is expected to be done
  /// soonest at the load of the moment.
  case auto

  /// The mode of decoding; nil for ``auto``.
  var decoding: DecodingMode? { DecodingMode(rawValue: rawValue) }
}
