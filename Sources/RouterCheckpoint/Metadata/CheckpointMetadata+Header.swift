#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The metadata as text values of a safetensors header.
extension CheckpointMetadata {
  private enum Key: String {
    case formatVersion = "router.format_version"
    case name = "router.name"
    case configuration = "router.config"
    case exits = "router.exits"
    case tokenizer = "router.tokenizer"
    case quantization = "router.quantization"
    case provenance = "router.provenance"
    case license = "router.license"
    case adapter = "router.adapter"
    case prefixes = "router.prefixes"
    case contents = "router.contents"
  }

  /// The values by key.
  func headerValues() throws(CheckpointError) -> [String: String] {
    var values: [Key: String] = [
      .formatVersion: String(formatVersion), .name: name, .tokenizer: tokenizer, .quantization: quantization,
      .configuration: try Self.json(configuration), .exits: try Self.json(exits),
      .provenance: try Self.json(provenance),
    ]
    values[.license] = license
    if let adapter { values[.adapter] = try Self.json(adapter) }
    if let prefixes { values[.prefixes] = try Self.json(prefixes) }
    if contents != .model { values[.contents] = contents.rawValue }
    return Dictionary(uniqueKeysWithValues: values.map { ($0.key.rawValue, $0.value) })
  }

  /// Parses the values of a header; keys that it does not know are ignored.
  ///
  /// - Throws: ``CheckpointError`` without the file's name.
  init(headerValues values: [String: String]) throws(CheckpointError) {
    func text(_ key: Key) throws(CheckpointError) -> String {
      guard let value = values[key.rawValue] else {
        throw CheckpointError(
          .invalidMetadata, "the header has no \(key.rawValue)",
          remedy: "Make a router checkpoint of the model with `router import`.")
      }
      return value
    }
    let versionText = try text(.formatVersion)
    guard let version = Int(versionText), version > 0 else {
      throw .malformedHeader("the format version \"\(versionText.escapingControls)\" is not a number")
    }
    guard version == Self.currentFormatVersion else {
      throw CheckpointError(
        .unsupportedVersion,
        "the file has format version \(version) where this software knows \(Self.currentFormatVersion)",
        remedy: "Use the version of `router` that made the file, or import the model again.")
    }
    let contentsText = values[Key.contents.rawValue] ?? Contents.model.rawValue
    guard let contents = Contents(rawValue: contentsText) else {
      throw .malformedHeader("the contents \"\(contentsText.escapingControls)\" are unknown")
    }
    var adapter: AdapterRecord?
    if let text = values[Key.adapter.rawValue] { adapter = try Self.value(of: text, for: .adapter) }
    var prefixes: PrefixRecord?
    if let text = values[Key.prefixes.rawValue] { prefixes = try Self.value(of: text, for: .prefixes) }
    try self.init(
      name: text(.name), configuration: Self.value(of: text(.configuration), for: .configuration),
      exits: Self.value(of: text(.exits), for: .exits), tokenizer: text(.tokenizer),
      quantization: text(.quantization), provenance: Self.value(of: text(.provenance), for: .provenance),
      license: values[Key.license.rawValue], adapter: adapter, prefixes: prefixes, contents: contents)
  }

  private static func json(_ value: some Encodable) throws(CheckpointError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw CheckpointError(
        .invalidMetadata, "the metadata cannot be written as JSON",
        remedy: "Use finite numbers.", underlying: error)
    }
  }

  /// A value is a handful of numbers or names; more is not parsed.
  private static let maximumValueByteCount = 1 << 16

  private static func value<T: Decodable>(of text: String, for key: Key) throws(CheckpointError) -> T {
    guard text.utf8.count <= maximumValueByteCount else {
      throw .malformedHeader("\(key.rawValue) takes \(text.utf8.count) bytes")
    }
    do {
      return try JSONDecoder().decode(T.self, from: Data(text.utf8))
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw CheckpointError(
        .invalidMetadata, "\(key.rawValue) cannot be understood",
        remedy: "The file was made by faulty or later software; import the model again with `router import`.",
        underlying: error)
    }
  }
}
