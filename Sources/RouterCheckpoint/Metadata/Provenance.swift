/// Where a checkpoint's weights come from.
public struct Provenance: Sendable, Equatable, Codable {
  /// Name of the file or repository that was imported.
  public let source: String
  /// SHA-256 of the imported file, lowercase hexadecimal, if there was one file.
  public let sourceSHA256: String?
  /// Name and version of the software that wrote the checkpoint.
  public let tool: String
  /// The tuning run that changed the weights, if any.
  public let tuning: String?

  private enum CodingKeys: String, CodingKey {
    case source
    case sourceSHA256 = "source_sha256"
    case tool
    case tuning
  }

  /// Creates a record.
  package init(source: String, sourceSHA256: String? = nil, tool: String, tuning: String? = nil) {
    self.source = source
    self.sourceSHA256 = sourceSHA256
    self.tool = tool
    self.tuning = tuning
  }
}
