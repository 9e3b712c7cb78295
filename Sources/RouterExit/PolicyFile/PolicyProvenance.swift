/// Where a policy comes from: enough to tell whether it fits, and to make it again.
public struct PolicyProvenance: Sendable, Equatable, Encodable {
  /// The model's name; `nil` if not recorded.
  public let model: String?

  /// The model's fingerprint: 64 lowercase hexadecimal digits; `nil` fits any model with these exits.
  public let modelSHA256: String?

  /// The calibration data's file name; `nil` if not recorded.
  public let data: String?

  /// SHA-256 of the calibration data's file: 64 lowercase hexadecimal digits; `nil` if not recorded.
  public let dataSHA256: String?

  /// The program and its version; `nil` if not recorded.
  public let tool: String?

  /// The command that made the file; `nil` if not recorded.
  public let command: String?

  /// Creates a provenance.
  ///
  /// - Throws: ``PolicyError`` if a digest is not 64 lowercase hexadecimal digits or a text is empty.
  public init(
    model: String? = nil, modelSHA256: String? = nil, data: String? = nil, dataSHA256: String? = nil,
    tool: String? = nil, command: String? = nil
  ) throws(PolicyError) {
    let at = "$.provenance"
    for (text, field) in [(model, "model"), (data, "data"), (tool, "tool"), (command, "command")] {
      if let text { try PolicyValidation.checkText(text, "\(at).\(field)") }
    }
    if let modelSHA256 { try PolicyValidation.checkDigest(modelSHA256, "\(at).modelSHA256") }
    if let dataSHA256 { try PolicyValidation.checkDigest(dataSHA256, "\(at).dataSHA256") }
    self.model = model
    self.modelSHA256 = modelSHA256
    self.data = data
    self.dataSHA256 = dataSHA256
    self.tool = tool
    self.command = command
  }
}
