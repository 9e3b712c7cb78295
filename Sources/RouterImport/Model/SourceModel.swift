import RouterCheckpoint
import RouterTokenizer

/// A model as found in a source, resolved and checked, with its tensors still on disk.
package struct SourceModel: Sendable {
  package let configuration: ModelConfiguration
  package let tokenizer: TokenizerDefinition
  /// The tensors by their name in a checkpoint: exactly those of its `TensorTable`.
  package let tensors: [String: SourceTensor]
  /// The model's name if the source tells one better than its file name does.
  package let name: String
  /// Licence, usually an SPDX identifier.
  package let license: String?
  /// What to write into provenance: a file or directory name without its path.
  let sourceName: String
  /// The files that hold weights, in the order of their names.
  let weightFiles: [InputFile]
  /// What the user should know, each a sentence.
  package let warnings: [String]
}
