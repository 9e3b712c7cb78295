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
