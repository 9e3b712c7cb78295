import RouterDecoding
import RouterExit

/// What becomes of a policy's requests once audits have shown that it breaks its promise.
package enum AlarmReaction: Sendable, Equatable {
  /// They go on: the alarm is in the log, in `/health` and in `/metrics`.
  case none
  /// They run in this mode, in which answers are full depth's, until the server starts with another policy.
  case run(DecodingMode)
}
