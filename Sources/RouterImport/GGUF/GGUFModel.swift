import RouterCheckpoint

/// Opens a GGUF file as a model.
package enum GGUFModel {
  /// Reads header, configuration, tokenizer and tensor table; no weights.
  package static func open(path: String) throws(ImportError) -> SourceModel {
    let file = try InputFile(path: path)
    let gguf = try GGUFFile(file)
    let settings = GGUFSettings(gguf)
    let (configuration, notes) = try GGUFConfiguration.resolve(settings, gguf)
    let (tensors, tensorNotes) = try GGUFTensorMap.resolve(gguf, configuration)
    let (tokenizer, tokenizerNotes) = try GGUFTokenizer.resolve(
      settings, vocabularySize: configuration.vocabularySize)
    return SourceModel(
      configuration: configuration, tokenizer: tokenizer, tensors: tensors, name: modelName(file.name),
      license: SourceLicense.checked(try settings.string("general.license")), sourceName: file.name,
      weightFiles: [file],
      warnings: notes + tensorNotes + tokenizerNotes)
  }

  /// A file's name without its extension and without the quantisation that file names end with, such as
  /// `.Q4_1` or `-q8_0` or `-F16`.
  package static func modelName(_ fileName: String) -> String {
    var name = fileName
    if name.lowercased().hasSuffix(".gguf") { name.removeLast(5) }
    if let cut = name.lastIndex(where: { $0 == "." || $0 == "-" }), cut > name.startIndex {
      let suffix = name[cut...].dropFirst().uppercased()
      let wide = ["F32", "F16", "BF16"].contains(suffix)
      let quantised = suffix.hasPrefix("Q") && suffix.dropFirst().first?.isNumber == true
      if wide || quantised { name = String(name[..<cut]) }
    }
    return name.isEmpty ? fileName : name
  }
}
