import RouterCheckpoint
import RouterTensor

/// How far an import is.
package struct ImportProgress: Sendable, Equatable {
  /// The steps in their order.
  package enum Phase: String, Sendable {
    /// The default model is being downloaded.
    case downloading
    /// The source's SHA-256 is being computed.
    case hashing
    /// The default model is being unpacked.
    case unpacking
    /// Tensors are being converted and written.
    case converting
  }

  /// The present step.
  package let phase: Phase
  /// How much of the step is done, 0...1.
  package let fraction: Double

  /// Creates a report of progress.
  package init(_ phase: Phase, _ fraction: Double) {
    self.phase = phase
    self.fraction = fraction
  }
}
