/// What a checkpoint says about itself, beside its tensors.
public struct CheckpointMetadata: Sendable, Equatable {
  /// The version of the format that this software reads and writes.
  public static let currentFormatVersion = 1

  /// What the tensors of a file are.
  package enum Contents: String, Sendable {
    /// A model, with or without exit adapters.
    case model
    /// Exit adapters alone.
    case adapter
    /// Keys and values of token sequences, for a model.
    case prefixes
  }

  /// Version of the format.
  public let formatVersion: Int
  /// Name of the model, such as `SmolLM2-135M-Instruct`.
  public let name: String
  /// Dimensions and settings of the model.
  public let configuration: ModelConfiguration
  /// Layers after which the model may answer: 1-based counts of executed layers, ascending, the last is L.
  public let exits: [Int]
  /// Tokenizer and chat template, as JSON text; opaque here.
  public let tokenizer: String
  /// How the weights are stored, such as `q4` or `mixed q4/q8`.
  public let quantization: String
  /// Where the weights come from.
  public let provenance: Provenance
  /// Licence of the weights, as an SPDX identifier where one is known.
  public let license: String?
  /// The exit adapters; nil if exits are read as they are.
  package let adapter: AdapterRecord?
  /// The prefixes of a prefix file; nil for any other.
  package let prefixes: PrefixRecord?
  /// Whether the file holds a model.
  package let contents: Contents

  /// Creates metadata in the current format version.
  ///
  /// - Throws: ``CheckpointError`` with code `invalidMetadata` if the exits are not ascending layers ending
  ///   with the last, the adapters' are not among them or include the last, or the name is empty or holds
  ///   control characters.
  package init(
    name: String, configuration: ModelConfiguration, exits: [Int], tokenizer: String, quantization: String,
    provenance: Provenance, license: String? = nil, adapter: AdapterRecord? = nil,
    prefixes: PrefixRecord? = nil, contents: Contents = .model
  ) throws(CheckpointError) {
    let layers = configuration.layerCount
    guard exits.last == layers, exits.allSatisfy((1...layers).contains),
      zip(exits, exits.dropFirst()).allSatisfy(<)
    else {
      throw CheckpointError(
        .invalidMetadata,
        "the exits \(exits) are not ascending layers of 1...\(layers) that end with \(layers)",
        remedy: "List the exits in ascending order and include the last layer.")
    }
    try Self.validate(adapter, contents, configuration: configuration, exits: exits)
    guard (prefixes != nil) == (contents == .prefixes) else {
      throw CheckpointError(
        .invalidMetadata, "only a prefix file describes prefixes, and every one does",
        remedy: PrefixFile.remedy)
    }
    try prefixes?.validate()
    guard (1...256).contains(name.utf8.count), name == name.escapingControls else {
      throw CheckpointError(
        .invalidMetadata,
        "the model name \"\(name.escapingControls)\" is not printable text of 1 to 256 bytes",
        remedy: "Choose a short name without control characters.")
    }
    formatVersion = Self.currentFormatVersion
    self.name = name
    self.configuration = configuration
    self.exits = exits
    self.tokenizer = tokenizer
    self.quantization = quantization
    self.provenance = provenance
    self.license = license
    self.adapter = adapter
    self.prefixes = prefixes
    self.contents = contents
  }

  private static func validate(
    _ adapter: AdapterRecord?, _ contents: Contents, configuration: ModelConfiguration, exits: [Int]
  ) throws(CheckpointError) {
    func require(_ holds: Bool, _ what: String) throws(CheckpointError) {
      guard holds else {
        throw CheckpointError(.invalidMetadata, what, remedy: "Make the adapter again with `router tune`.")
      }
    }
    guard let adapter else {
      return try require(contents != .adapter, "an adapter file describes no adapter")
    }
    try require(contents != .prefixes, "a prefix file describes adapters")
    try require(
      zip(adapter.exits, adapter.exits.dropFirst()).allSatisfy(<)
        && adapter.exits.allSatisfy { exits.dropLast().contains($0) },
      "the adapters' exits \(adapter.exits) are not ascending ones of \(exits) before the last")
    if case .gated(let inner) = adapter.kind {
      // Sessions have room for a feed-forward block, which adapters share.
      try require(
        inner <= configuration.feedForwardWidth,
        "the adapters' inner width \(inner) exceeds the model's \(configuration.feedForwardWidth)")
    }
  }

  /// The same model with other exit adapters, or none.
  package func with(_ adapter: AdapterRecord?) throws(CheckpointError) -> CheckpointMetadata {
    try CheckpointMetadata(
      name: name, configuration: configuration, exits: exits, tokenizer: tokenizer,
      quantization: quantization,
      provenance: provenance, license: license, adapter: adapter)
  }
}
