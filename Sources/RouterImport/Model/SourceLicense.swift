import Foundation

/// The licence that a source states for its model.
enum SourceLicense {
  /// A licence's name, if it is one: short and printable.
  static func checked(_ name: String?) -> String? {
    guard let name, (1...100).contains(name.utf8.count),
      name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    else { return nil }
    return name
  }

  /// The licence that the front matter of README.md names.
  static func read(inDirectory directory: String) -> String? {
    guard let file = try? InputFile(path: "\(directory)/README.md"),
      let bytes = try? file.contents(limit: HuggingFaceModel.maximumConfigurationByteCount)
    else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    guard lines.first == "---" else { return nil }
    for line in lines.dropFirst().prefix(while: { $0 != "---" }) where line.hasPrefix("license:") {
      return checked(
        line.dropFirst("license:".count).trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'")))
    }
    return nil
  }
}
