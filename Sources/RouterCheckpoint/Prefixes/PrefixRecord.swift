/// What a prefix file says about the prefixes in it: whose keys and values they hold, and how these lie.
///
/// Two runs have the same keys and values, bit for bit, if they agree in all of ``Origin``.
package struct PrefixRecord: Sendable, Equatable, Codable {
  /// What decides the bytes of a page.
  package struct Origin: Sendable, Equatable, Codable {
    /// Fingerprint of the checkpoint that the model was loaded from.
    package let fingerprint: String
    /// Layers of a page: those that were loaded.
    package let layerCount: Int
    /// G, heads of keys and values.
    package let headCount: Int
    /// K, elements of a head.
    package let width: Int
    /// Element type, such as `f16`.
    package let element: String
    /// How a page's bytes lie, for people and other programs.
    package let layout: String
    /// Positions of a page.
    package let pagePositions: Int
    /// Bytes of a page.
    package let pageByteCount: Int
    /// Form of the activations that met the weights, such as `int8`.
    package let activations: String
    /// The instruction set whose kernels made them: each rounds in an order of its own.
    package let kernels: String

    private enum CodingKeys: String, CodingKey {
      case element, layout, activations, kernels
      case fingerprint = "model_sha256"
      case layerCount = "layers"
      case headCount = "heads"
      case width = "head_width"
      case pagePositions = "page_positions"
      case pageByteCount = "page_bytes"
    }

    package init(
      fingerprint: String, layerCount: Int, headCount: Int, width: Int, element: String, layout: String,
      pagePositions: Int, pageByteCount: Int, activations: String, kernels: String
    ) {
      self.fingerprint = fingerprint
      self.layerCount = layerCount
      self.headCount = headCount
      self.width = width
      self.element = element
      self.layout = layout
      self.pagePositions = pagePositions
      self.pageByteCount = pageByteCount
      self.activations = activations
      self.kernels = kernels
    }
  }

  /// One prefix.
  package struct Entry: Sendable, Equatable, Codable {
    package let name: String
    /// Tokens, T.
    package let tokenCount: Int
    /// When it was made, seconds since 1970.
    package let created: Int

    private enum CodingKeys: String, CodingKey {
      case name, created
      case tokenCount = "tokens"
    }

    package init(name: String, tokenCount: Int, created: Int) {
      self.name = name
      self.tokenCount = tokenCount
      self.created = created
    }
  }

  /// The version of this record that this software reads and writes.
  package static let currentVersion = 1

  /// Version of the record and of the tensors that it describes.
  package let version: Int
  package let origin: Origin
  /// In the order of their names.
  package let prefixes: [Entry]

  /// Describes prefixes in the current version.
  package init(origin: Origin, prefixes: [Entry]) {
    version = Self.currentVersion
    self.origin = origin
    self.prefixes = prefixes.sorted { $0.name < $1.name }
  }

  /// Prefixes of one file at most.
  package static let maximumCount = 64
  /// Bytes of a name.
  package static let nameByteCounts = 1...64
  /// Tokens of a prefix that any file may name.
  private static let tokenCounts = 1...1 << 24
  private static let dimensions = 1...1 << 20
  private static let pageByteCounts = 1...1 << 40

  /// Whether a prefix may have this name: letters, digits, `-`, `_` and `.` of ASCII, the first a letter or a digit.
  package static func isValidName(_ name: String) -> Bool {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: false
      }
    }
    guard nameByteCounts.contains(name.utf8.count), name.utf8.first.map(isPlain) == true else { return false }
    return name.utf8.allSatisfy {
      isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
    }
  }

  /// Pages of so many tokens.
  package func pageCount(of entry: Entry) -> Int {
    (entry.tokenCount + origin.pagePositions - 1) / origin.pagePositions
  }

  /// Pages of all prefixes, each counted alone.
  package var pageCount: Int { prefixes.reduce(0) { $0 + pageCount(of: $1) } }

  /// Checks what any record has to keep to.
  ///
  /// - Throws: ``CheckpointError`` `unsupportedVersion` or `invalidMetadata`, without the file's name.
  func validate() throws(CheckpointError) {
    guard version == Self.currentVersion else {
      throw CheckpointError(
        .unsupportedVersion,
        "the prefixes have format version \(version) where this software knows \(Self.currentVersion)",
        remedy: "Use the version of `router` that made the file.")
    }
    func require(_ holds: Bool, _ what: String) throws(CheckpointError) {
      guard holds else { throw CheckpointError(.invalidMetadata, what, remedy: PrefixFile.remedy) }
    }
    try require(
      [origin.layerCount, origin.headCount, origin.width, origin.pagePositions].allSatisfy(
        Self.dimensions.contains)
        && Self.pageByteCounts.contains(origin.pageByteCount), "the dimensions of the pages are out of range")
    try require(
      prefixes.count <= Self.maximumCount,
      "the file names \(prefixes.count) prefixes, and at most \(Self.maximumCount) are allowed")
    try require(
      zip(prefixes, prefixes.dropFirst()).allSatisfy { $0.name < $1.name },
      "the prefixes are not in the order of their names, or two have the same")
    for entry in prefixes {
      let name = entry.name.escapingControls
      try require(Self.isValidName(entry.name), "\"\(name)\" is no name of a prefix")
      try require(
        Self.tokenCounts.contains(entry.tokenCount), "the prefix \"\(name)\" has \(entry.tokenCount) tokens")
    }
  }
}
