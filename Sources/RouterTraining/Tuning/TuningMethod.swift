import RouterRandom

/// What is trained, in the words of Sorted LLaMA (arXiv 2309.08968, section 3).
package enum TuningMethod: String, Sendable, Codable, CaseIterable {
  /// Standard fine-tuning: the loss at full depth alone.
  case sft
  /// Sorted fine-tuning: losses at every exit.
  case soft
  /// Intermediate classifier tuning: the trunk is frozen and every exit learns a head of its own.
  case ict
  /// The first n layers alone, as a model of their own.
  case extracted
}
