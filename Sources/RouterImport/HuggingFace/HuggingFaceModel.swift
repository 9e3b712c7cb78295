import Foundation
import RouterCheckpoint

/// Opens a Hugging Face directory as a model.
package enum HuggingFaceModel {
  /// Configuration files are small; tokenizers reach 20 MB.
  static let maximumConfigurationByteCount = 8 << 20

  /// Reads configuration, tokenizer and the weights' headers; no weights.
  package static func open(path: String) throws(ImportError) -> SourceModel {
    let directory = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath()
    guard FileManager.default.fileExists(atPath: "\(path)/config.json") else { throw noConfiguration(path) }
    let config = try JSONFields(path: "\(path)/config.json", limit: maximumConfigurationByteCount)
    // The architecture is the first thing to tell the user, before anything about the weights.
    let architecture = try HuggingFaceConfiguration.architecture(config)
    let weights = try HuggingFaceWeights(directory: path)
    let (configuration, notes) = try HuggingFaceConfiguration.resolve(
      config, architecture, weights)
    let (tensors, tensorNotes) = try weights.resolve(configuration)
    let (tokenizer, tokenizerNotes) = try HuggingFaceTokenizer.resolve(
      directory: path, config: config, vocabularySize: configuration.vocabularySize)
    return SourceModel(
      configuration: configuration, tokenizer: tokenizer, tensors: tensors, name: directory.lastPathComponent,
      license: SourceLicense.read(inDirectory: path), sourceName: directory.lastPathComponent,
      weightFiles: weights.files,
      warnings: notes + tensorNotes + tokenizerNotes)
  }

  private static func noConfiguration(_ path: String) -> ImportError {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let gguf = files.filter { $0.lowercased().hasSuffix(".gguf") }.min()
    return ImportError(
      .missing, "there is no config.json", at: .init(file: path),
      remedy: gguf.map { "Give the path of a GGUF file itself, such as \($0)." }
        ?? "Use a complete Hugging Face directory, as save_pretrained writes it.")
  }
}
