/// Parses the parts of a GGUF header in the order they stand in the file.
struct GGUFHeaderParser {
  private static let maximumKeys = 1 << 16
  private static let maximumTensors = 1 << 16
  private static let maximumElements = 1 << 24
  private static let maximumNameByteCount = 1 << 10

  private var cursor: GGUFCursor
  private var keyCount = 0

  init(file: InputFile) {
    cursor = GGUFCursor(file: file)
  }

  /// Reads magic and version.
  mutating func version() throws(ImportError) -> Int {
    let magic = try cursor.integer(UInt32.self, "the GGUF magic")
    guard magic == 0x4655_4747 else {
      throw malformed(
        "this is not a GGUF file", at: 0, remedy: "Give a GGUF file or a Hugging Face directory.")
    }
    let version = try cursor.integer(UInt32.self, "the GGUF version")
    guard version == 2 || version == 3 else {
      let bigEndian = version & 0xFFFF == 0
      throw ImportError(
        .unsupported, bigEndian ? "a big-endian GGUF file" : "GGUF version \(version)", at: cursor.place(4),
        remedy: "Convert the model again with a current llama.cpp, which writes little-endian version 3.")
    }
    return Int(version)
  }

  /// Reads both counts.
  mutating func tensorCount() throws(ImportError) -> Int {
    // Name length, rank, one dimension, type, offset; key length, type, one byte.
    let tensors = try cursor.count(ofAtLeast: 8 + 4 + 8 + 4 + 8, "the tensor count")
    keyCount = try cursor.count(ofAtLeast: 8 + 4 + 1, "the metadata count")
    guard tensors <= Self.maximumTensors, keyCount <= Self.maximumKeys else {
      throw malformed("\(tensors) tensors and \(keyCount) keys are more than any model has", at: 8)
    }
    return tensors
  }

  /// Reads all metadata.
  mutating func metadata() throws(ImportError) -> [String: GGUFValue] {
    var result: [String: GGUFValue] = [:]
    for index in 0..<keyCount {
      let start = cursor.offset
      let key = try cursor.string("metadata key \(index)")
      guard !key.isEmpty, key.utf8.count <= Self.maximumNameByteCount else {
        throw malformed("metadata key \(index) has \(key.utf8.count) bytes", at: start)
      }
      let name = ImportError.quoted(key)
      let value = try value(of: try type("the type of \(name)"), "the value of \(name)")
      guard result.updateValue(value, forKey: key) == nil else {
        throw malformed("the metadata key \(name) occurs twice", at: start)
      }
    }
    return result
  }

  /// The alignment of tensor data in bytes.
  func alignment(_ metadata: [String: GGUFValue]) throws(ImportError) -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard let alignment = value.whole, (1...(1 << 20)).contains(alignment), alignment & (alignment - 1) == 0
    else {
      throw ImportError(
        .malformed, "the alignment is not a power of two up to 1048576",
        at: .init(file: cursor.file.name, item: "general.alignment"), remedy: ImportError.downloadAgain)
    }
    return alignment
  }

  /// Reads the tensor table and places every tensor within the file.
  mutating func tensors(count: Int, alignment: Int) throws(ImportError) -> [String: GGUFFile.Tensor] {
    var table: [(entry: Entry, start: Int)] = []
    for index in 0..<count {
      let start = cursor.offset
      table.append((try entry(index), start))
    }
    let (padded, overflow) = cursor.offset.addingReportingOverflow(alignment - 1)
    guard !overflow else { throw malformed("the header is too long", at: cursor.offset) }
    let dataStart = padded / alignment * alignment
    let available = max(0, cursor.file.byteCount - dataStart)

    var result: [String: GGUFFile.Tensor] = [:]
    for (entry, start) in table {
      let name = ImportError.quoted(entry.name)
      guard entry.offset.isMultiple(of: alignment) else {
        throw malformed("tensor \(name) is not aligned to \(alignment) bytes", at: start)
      }
      guard entry.byteCount <= available, entry.offset <= available - entry.byteCount else {
        throw ImportError(
          .truncated,
          "tensor \(name) takes \(entry.byteCount) bytes at \(entry.offset), but the file has \(available) bytes of data",
          at: cursor.place(start), remedy: ImportError.downloadAgain)
      }
      let tensor = GGUFFile.Tensor(
        name: entry.name, encoding: entry.encoding, shape: entry.shape, offset: dataStart + entry.offset,
        byteCount: entry.byteCount)
      guard result.updateValue(tensor, forKey: entry.name) == nil else {
        throw malformed("tensor \(name) occurs twice", at: start)
      }
    }
    try refuseOverlaps(result.values.sorted { ($0.offset, $0.name) < ($1.offset, $1.name) })
    return result
  }

  /// A row of the tensor table.
  private struct Entry {
    let name: String
    let encoding: SourceEncoding
    let shape: [Int]
    /// Relative to the start of the data.
    let offset: Int
    let byteCount: Int
  }

  private mutating func entry(_ index: Int) throws(ImportError) -> Entry {
    let start = cursor.offset
    let name = try cursor.string("the name of tensor \(index)")
    guard !name.isEmpty, name.utf8.count <= Self.maximumNameByteCount else {
      throw malformed("the name of tensor \(index) has \(name.utf8.count) bytes", at: start)
    }
    let shown = ImportError.quoted(name)
    let rank = try cursor.integer(UInt32.self, "the rank of tensor \(shown)")
    guard (1...4).contains(rank) else { throw malformed("tensor \(shown) has \(rank) dimensions", at: start) }
    var shape: [Int] = []
    for _ in 0..<rank {
      let value = try cursor.integer(UInt64.self, "a dimension of tensor \(shown)")
      guard let dimension = Int(exactly: value), dimension > 0 else {
        throw malformed("tensor \(shown) has a dimension of \(value)", at: start)
      }
      shape.insert(dimension, at: 0)
    }
    let number = try cursor.integer(UInt32.self, "the type of tensor \(shown)")
    guard let encoding = SourceEncoding(ggufNumber: number) else {
      throw ImportError(
        .unsupported,
        "tensor \(shown) has the type \(GGUFTensorType.name(number)), which router does not read",
        at: cursor.place(start, item: name),
        remedy: "Use a file in \(SourceEncoding.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    let offset = try cursor.integer(UInt64.self, "the offset of tensor \(shown)")
    guard let columns = shape.last, let row = encoding.rowByteCount(columns: columns) else {
      throw malformed("the rows of tensor \(shown) are not whole \(encoding.rawValue) blocks", at: start)
    }
    var byteCount = row
    for dimension in shape.dropLast() {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw malformed("tensor \(shown) is absurdly large", at: start) }
      byteCount = product
    }
    guard let offset = Int(exactly: offset) else {
      throw malformed("the offset of tensor \(shown) is \(offset)", at: start)
    }
    return Entry(name: name, encoding: encoding, shape: shape, offset: offset, byteCount: byteCount)
  }

  private func refuseOverlaps(_ tensors: [GGUFFile.Tensor]) throws(ImportError) {
    for (tensor, next) in zip(tensors, tensors.dropFirst())
    where tensor.offset + tensor.byteCount > next.offset {
      throw malformed(
        "tensors \(ImportError.quoted(tensor.name)) and \(ImportError.quoted(next.name)) overlap",
        at: next.offset)
    }
  }

  private mutating func type(_ what: String) throws(ImportError) -> GGUFValueType {
    let start = cursor.offset
    let number = try cursor.integer(UInt32.self, what)
    guard let type = GGUFValueType(rawValue: number) else {
      throw malformed("\(what) is \(number), which GGUF does not define", at: start)
    }
    return type
  }

  private mutating func value(of type: GGUFValueType, _ what: String) throws(ImportError) -> GGUFValue {
    switch type {
    case .uint8, .uint16, .uint32, .uint64: return .unsigned(UInt64(try integer(type, what).magnitude))
    case .int8, .int16, .int32, .int64: return .signed(Int64(truncatingIfNeeded: try integer(type, what)))
    case .float32, .float64: return .float(try float(type, what))
    case .bool: return .bool(try bool(what))
    case .string: return .string(try cursor.string(what))
    case .array: return try array(what)
    }
  }

  private mutating func array(_ what: String) throws(ImportError) -> GGUFValue {
    let start = cursor.offset
    let type = try type("the element type of \(what)")
    guard type != .array else {
      throw ImportError(
        .unsupported, "\(what) is an array of arrays", at: cursor.place(start),
        remedy: "Convert the model again with a current llama.cpp; its models hold no nested arrays.")
    }
    let count = try cursor.count(ofAtLeast: type.minimumByteCount, "the element count of \(what)")
    guard count <= Self.maximumElements else {
      throw malformed("\(what) has \(count) elements, which no model needs", at: start)
    }
    switch type {
    case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64:
      var elements: [Int64] = []
      for _ in 0..<count {
        let offset = cursor.offset
        guard let element = Int64(exactly: try integer(type, what)) else {
          throw malformed("an element of \(what) exceeds 63 bits", at: offset)
        }
        elements.append(element)
      }
      return .integers(elements)
    case .float32, .float64:
      var elements: [Double] = []
      for _ in 0..<count { elements.append(try float(type, what)) }
      return .floats(elements)
    case .bool:
      var elements: [Bool] = []
      for _ in 0..<count { elements.append(try bool(what)) }
      return .bools(elements)
    case .string, .array:
      var elements: [String] = []
      for index in 0..<count { elements.append(try cursor.string("element \(index) of \(what)")) }
      return .strings(elements)
    }
  }

  /// An integer of any width; wide enough for both signs.
  private mutating func integer(_ type: GGUFValueType, _ what: String) throws(ImportError) -> Int128 {
    switch type {
    case .uint8: Int128(try cursor.integer(UInt8.self, what))
    case .int8: Int128(Int8(bitPattern: try cursor.integer(UInt8.self, what)))
    case .uint16: Int128(try cursor.integer(UInt16.self, what))
    case .int16: Int128(Int16(bitPattern: try cursor.integer(UInt16.self, what)))
    case .uint32: Int128(try cursor.integer(UInt32.self, what))
    case .int32: Int128(Int32(bitPattern: try cursor.integer(UInt32.self, what)))
    case .int64: Int128(Int64(bitPattern: try cursor.integer(UInt64.self, what)))
    default: Int128(try cursor.integer(UInt64.self, what))
    }
  }

  private mutating func float(_ type: GGUFValueType, _ what: String) throws(ImportError) -> Double {
    if type == .float64 { return Double(bitPattern: try cursor.integer(UInt64.self, what)) }
    return Double(Float(bitPattern: try cursor.integer(UInt32.self, what)))
  }

  private mutating func bool(_ what: String) throws(ImportError) -> Bool {
    let start = cursor.offset
    let value = try cursor.integer(UInt8.self, what)
    guard value < 2 else { throw malformed("\(what) is \(value), which is not a boolean", at: start) }
    return value == 1
  }

  private func malformed(
    _ what: String, at offset: Int, remedy: String = ImportError.downloadAgain
  ) -> ImportError {
    ImportError(.malformed, what, at: cursor.place(offset), remedy: remedy)
  }
}
