import RouterModel
import Synchronization

/// Where the engine's thread leaves the prefix that a job has read.
final class PrefixSlot: Sendable {
  private let held = Mutex<HeldPrefix?>(nil)

  /// Keeps what an ended sequence has read of its prompt.
  func fill(from sequence: DecodingSequence) {
    let prefix = sequence.rows.hold(sequence.request.prompt, scope: InferenceEngine.sharedScope)
    held.withLock { $0 = prefix }
  }

  /// What was left, once; nil if the prompt was not read to its end.
  func take() -> HeldPrefix? { held.withLock { $0.take() } }
}
