import RouterCheckpoint
import RouterTensor

/// What an import did.
package struct ImportReport: Sendable, Equatable {
  /// Path of the checkpoint.
  package let path: String
  /// What the checkpoint says about itself.
  package let metadata: CheckpointMetadata
  /// Tensors of the source that went in.
  package let tensorCount: Int
  /// Matrices by their encoding in the checkpoint.
  package let encodings: [WeightEncoding: Int]
  /// Tensors whose weights all keep their value.
  package let exactCount: Int
  /// Tensors whose weights were rounded: quantised anew, or from f16 to bf16.
  package let requantizedCount: Int
  /// Bytes of the source's weight files.
  package let bytesIn: Int
  /// Bytes of the checkpoint.
  package let bytesOut: Int
  /// What the user should know, each a sentence.
  package let warnings: [String]
}

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
