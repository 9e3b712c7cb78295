/// Why a checkpoint could not be read, written or understood.
public struct CheckpointError: Error, Sendable {
  /// What kind of failure this is, for callers that act on it.
  public enum Code: String, Sendable {
    /// The file does not exist.
    case notFound
    /// The operating system refused a read or a write.
    case inputOutput
    /// The file system is full, or a quota or size limit is reached.
    case noSpace
    /// The file does not end as a checkpoint ends.
    case notACheckpoint
    /// The bytes are not those that were written.
    case corrupt
    /// The header breaks a rule of the format.
    case malformedHeader
    /// The file was made by a later version of this software.
    case unsupportedVersion
    /// The model's dimensions or settings contradict each other or are out of range.
    case invalidConfiguration
    /// The metadata beside the configuration is missing or contradicts it.
    case invalidMetadata
    /// The file asks for more memory than its size, or the machine, justifies.
    case tooLarge
    /// A tensor that the model needs is absent.
    case missingTensor
    /// A tensor has another element type or shape than the model needs.
    case tensorMismatch
    /// A tensor that was to be written could not be produced; see ``CheckpointError/underlying``.
    case tensorSource
    /// The caller asked for something that the checkpoint does not hold.
    case invalidRequest
  }

  /// Where it happened; every part may be unknown.
  public struct Location: Sendable, Equatable {
    /// Path of the file, as it was given.
    public var file: String?
    /// Name of the tensor.
    public var tensor: String?
    /// Offset in bytes from the start of the file.
    public var offset: Int?

    /// Creates a location from the parts that are known.
    public init(file: String? = nil, tensor: String? = nil, offset: Int? = nil) {
      self.file = file
      self.tensor = tensor
      self.offset = offset
    }
  }

  /// What kind of failure this is.
  public var code: Code
  /// What happened, in one clause without a full stop.
  public var what: String
  /// Where it happened.
  public var location: Location
  /// What the user can do about it, as one sentence.
  public var remedy: String
  /// The error of another module that caused this one.
  public var underlying: (any Error)?

  /// Creates an error.
  package init(
    _ code: Code, _ what: String, at location: Location = Location(), remedy: String,
    underlying: (any Error)? = nil
  ) {
    self.code = code
    self.what = what
    self.location = location
    self.remedy = remedy
    self.underlying = underlying
  }
}

extension CheckpointError: CustomStringConvertible {
  /// "what (location). Remedy."
  public var description: String {
    let place = location.description
    return place.isEmpty ? "\(what). \(remedy)" : "\(what) (\(place)). \(remedy)"
  }
}

extension CheckpointError.Location: CustomStringConvertible {
  /// The known parts, separated by commas.
  public var description: String {
    var parts: [String] = []
    if let file { parts.append(file.escapingControls) }
    if let tensor { parts.append("tensor \(tensor.escapingControls)") }
    if let offset { parts.append("byte \(offset)") }
    return parts.joined(separator: ", ")
  }
}

extension String {
  /// The text with control characters made visible and at most 200 characters kept, since names that come
  /// from a hostile file are printed on terminals.
  var escapingControls: String {
    var shown = ""
    for (count, scalar) in unicodeScalars.enumerated() {
      if count == 200 { return shown + "..." }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }
}
