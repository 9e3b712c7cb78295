internal import RouterTensor

/// The header of a safetensors file: u64 length, then JSON with `__metadata__` and the tensors' descriptions.
package struct SafetensorsHeader: Equatable {
  /// Text by key.
  package var metadata: [String: String]
  /// Descriptions in the order of their bytes, which are contiguous from 0.
  package var tensors: [TensorDescriptor]

  /// Creates a header; the tensors' ranges are contiguous from 0.
  package init(metadata: [String: String], tensors: [TensorDescriptor]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  static let metadataKey = "__metadata__"
  /// Size of the length before the JSON, a little-endian u64.
  package static let lengthByteCount = 8
  /// The limit that the safetensors library sets for the JSON.
  package static let maximumJSONByteCount = 100_000_000

  /// Size of the data section in bytes.
  var dataByteCount: Int { tensors.last?.byteRange.upperBound ?? 0 }
}

extension SafetensorsHeader {
  /// The header as the file holds it, padded so that the data section starts at a multiple of 8.
  package func encoded() throws(CheckpointError) -> [UInt8] {
    var json: [UInt8] = [UInt8(ascii: "{")]
    json.append(jsonString: Self.metadataKey)
    json += ":{".utf8
    for (index, key) in metadata.keys.sorted().enumerated() {
      if index > 0 { json.append(UInt8(ascii: ",")) }
      json.append(jsonString: key)
      json.append(UInt8(ascii: ":"))
      json.append(jsonString: metadata[key, default: ""])
    }
    json.append(UInt8(ascii: "}"))
    for tensor in tensors {
      json.append(UInt8(ascii: ","))
      json.append(jsonString: tensor.name)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let range = tensor.byteRange
      json +=
        """
        :{"dtype":"\(tensor.dtype.rawValue)","shape":[\(shape)],\
        "data_offsets":[\(range.lowerBound),\(range.upperBound)]}
        """.utf8
    }
    json.append(UInt8(ascii: "}"))
    while !json.count.isMultiple(of: 8) { json.append(UInt8(ascii: " ")) }
    guard json.count <= Self.maximumJSONByteCount else {
      throw CheckpointError(
        .tooLarge,
        "the header takes \(json.count) bytes where safetensors allows \(Self.maximumJSONByteCount)",
        remedy: "Shorten the tokenizer or the other metadata.")
    }
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(json.count))
    return bytes + json
  }
}

extension SafetensorsHeader {
  /// Parses the JSON of a header whose data section has `dataByteCount` bytes.
  ///
  /// - Throws: ``CheckpointError`` with code `malformedHeader`, without the file's name.
  package init(parsing json: ArraySlice<UInt8>, dataByteCount: Int) throws(CheckpointError) {
    var scanner = HeaderScanner(json)
    var metadata: [String: String]?
    var tensors: [TensorDescriptor] = []
    var names: Set<String> = []
    try scanner.object { scanner, key throws(CheckpointError) in
      if key == Self.metadataKey {
        guard metadata == nil else { throw scanner.failure("\(key) appears twice") }
        metadata = try Self.metadata(&scanner)
      } else {
        guard Self.isValidName(key) else {
          throw CheckpointError.malformedHeader("a tensor's name is not printable ASCII", tensor: key)
        }
        guard names.insert(key).inserted else {
          throw CheckpointError.malformedHeader("a tensor appears twice", tensor: key)
        }
        tensors.append(try Self.tensor(&scanner, key))
      }
    }
    guard scanner.isAtEnd() else { throw scanner.failure("unexpected text") }
    tensors.sort { $0.byteRange.lowerBound < $1.byteRange.lowerBound }
    var end = 0
    for tensor in tensors {
      let start = tensor.byteRange.lowerBound
      guard start == end else {
        throw .malformedHeader(
          start < end ? "a tensor overlaps the one before it" : "there is a hole before a tensor",
          tensor: tensor.name)
      }
      end = tensor.byteRange.upperBound
    }
    guard end == dataByteCount else {
      throw .malformedHeader("the tensors take \(end) bytes where the file holds \(dataByteCount)")
    }
    self.metadata = metadata ?? [:]
    self.tensors = tensors
  }

  /// Whether a tensor may have this name: 1 to 512 printable ASCII characters without a space.
  static func isValidName(_ name: String) -> Bool {
    (1...512).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }

  private static func metadata(_ scanner: inout HeaderScanner) throws(CheckpointError) -> [String: String] {
    var metadata: [String: String] = [:]
    try scanner.object { scanner, key throws(CheckpointError) in
      guard metadata.updateValue(try scanner.string(), forKey: key) == nil else {
        throw scanner.failure("a metadata key appears twice")
      }
    }
    return metadata
  }

  private static func tensor(
    _ scanner: inout HeaderScanner, _ name: String
  ) throws(CheckpointError) -> TensorDescriptor {
    var dtypeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object { scanner, key throws(CheckpointError) in
      switch key {
      case "dtype" where dtypeName == nil: dtypeName = try scanner.string()
      case "shape" where shape == nil: shape = try scanner.integers(limit: TensorShape.maximumRank)
      case "data_offsets" where offsets == nil: offsets = try scanner.integers(limit: 2)
      default:
        throw CheckpointError.malformedHeader("a tensor has an unknown or repeated field", tensor: name)
      }
    }
    guard let dtypeName, let shape, let offsets, offsets.count == 2 else {
      throw .malformedHeader("a tensor lacks its dtype, shape or data offsets", tensor: name)
    }
    guard let dtype = DType(rawValue: dtypeName) else {
      throw .malformedHeader("the dtype \"\(dtypeName.escapingControls)\" is unknown", tensor: name)
    }
    guard let byteCount = TensorShape.byteCount(of: shape, dtype) else {
      throw .malformedHeader("the shape \(shape) is empty or too large", tensor: name)
    }
    let (count, overflow) = offsets[1].subtractingReportingOverflow(offsets[0])
    guard !overflow, count == byteCount else {
      throw .malformedHeader(
        "the data offsets \(offsets) do not span the \(byteCount) bytes that \(dtypeName) \(shape) takes",
        tensor: name)
    }
    return TensorDescriptor(name: name, dtype: dtype, shape: shape, byteRange: offsets[0]..<offsets[1])
  }
}

extension [UInt8] {
  /// Appends a JSON string literal.
  mutating func append(jsonString text: String) {
    append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0x0A: self += "\\n".utf8
      case 0..<0x20, 0x7F:
        let hex = String(byte, radix: 16)
        self += "\\u".utf8
        self += String(repeating: "0", count: 4 - hex.utf8.count).utf8
        self += hex.utf8
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }
}
