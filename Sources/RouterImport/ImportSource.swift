import Foundation

/// Something that a model can be imported from.
package enum ImportSource: Sendable, Equatable {
  /// Path of a GGUF file.
  case gguf(String)
  /// Path of a Hugging Face model directory.
  case directory(String)

  /// Recognises what lies at `path`: a directory, or a file that begins as GGUF files do.
  ///
  /// - Throws: `ImportError` if nothing lies there, or something else.
  package init(path: String) throws(ImportError) {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw ImportError(
        .inputOutput, "there is nothing at this path", at: .init(file: path),
        remedy: "Give the path of a GGUF file or of a Hugging Face model directory.")
    }
    if isDirectory.boolValue {
      self = .directory(path)
    } else if GGUFFile.recognises(try InputFile(path: path)) {
      self = .gguf(path)
    } else if path.hasSuffix(".safetensors") || path.hasSuffix(".json") {
      throw ImportError(
        .unsupported, "a Hugging Face model is more than one file", at: .init(file: path),
        remedy: "Give the directory that holds config.json, the weights and the tokenizer.")
    } else {
      throw ImportError(
        .unsupported, "this is neither a GGUF file nor a directory", at: .init(file: path),
        remedy: "Give the path of a GGUF file or of a Hugging Face model directory.")
    }
  }
}
