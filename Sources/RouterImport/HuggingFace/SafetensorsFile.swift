/// The header of a safetensors file: a 64-bit length, JSON, then the tensors' bytes.
package struct SafetensorsFile: Sendable {
  /// One tensor as the header describes it, whose type may be one that `router` does not read.
  package struct Entry: Sendable, Equatable {
    let dtype: String
    /// Dimensions, outermost first.
    let shape: [Int]
    /// Absolute offset of the first byte in the file.
    package let offset: Int
    package let byteCount: Int
  }

  /// The reference implementation's own limit.
  static let maximumHeaderByteCount = 100_000_000

  package let file: InputFile
  /// The tensors by name.
  package let entries: [String: Entry]

  /// Reads and checks the header.
  ///
  /// - Throws: `ImportError` naming the tensor.
  package init(_ file: InputFile) throws(ImportError) {
    self.file = file
    guard file.byteCount >= 8 else {
      throw ImportError(
        .truncated, "the file has only \(file.byteCount) bytes", at: .init(file: file.name),
        remedy: ImportError.downloadAgain)
    }
    let prefix = try file.bytes(at: 0, count: 8)
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let header = Int(exactly: length), header <= Self.maximumHeaderByteCount,
      header <= file.byteCount - 8
    else {
      throw ImportError(
        .malformed, "the header is said to have \(length) bytes", at: .init(file: file.name, offset: 0),
        remedy: "Check that this is a safetensors file (a Git LFS pointer is not); download it again.")
    }
    let root = try JSONParser.parse(try file.bytes(at: 8, count: header), file: file.name)
    guard let members = root.members else {
      throw ImportError(
        .malformed, "the header is not a JSON object", at: .init(file: file.name, offset: 8),
        remedy: ImportError.downloadAgain)
    }
    let dataStart = 8 + header
    var entries: [String: Entry] = [:]
    for member in members where member.key != "__metadata__" {
      let entry = try Self.entry(member, file: file, dataStart: dataStart)
      guard entries.updateValue(entry, forKey: member.key) == nil else {
        throw Self.malformed("the tensor occurs twice", member.key, file)
      }
    }
    let ordered = entries.sorted { ($0.value.offset, $0.key) < ($1.value.offset, $1.key) }
    for (entry, next) in zip(ordered, ordered.dropFirst())
    where entry.value.offset + entry.value.byteCount > next.value.offset {
      throw Self.malformed("the tensor overlaps \(ImportError.quoted(next.key))", entry.key, file)
    }
    self.entries = entries
  }

  private static func entry(
    _ member: JSONValue.Member, file: InputFile, dataStart: Int
  ) throws(ImportError) -> Entry {
    let name = member.key
    guard let dtype = member.value["dtype"]?.text, let dimensions = member.value["shape"]?.elements,
      let range = member.value["data_offsets"]?.elements, range.count == 2,
      let start = range[0].whole, let end = range[1].whole
    else { throw malformed("the tensor's description lacks dtype, shape or data_offsets", name, file) }
    guard start >= 0, start <= end, end <= file.byteCount - dataStart else {
      throw ImportError(
        .truncated, "the tensor's bytes \(start)..<\(end) are not within the file's data",
        at: .init(file: file.name, item: ImportError.quoted(name)), remedy: ImportError.downloadAgain)
    }
    var shape: [Int] = []
    var elements = 1
    for dimension in dimensions {
      guard let size = dimension.whole, size >= 0 else {
        throw malformed("the tensor has a dimension that is not a natural number", name, file)
      }
      let (product, overflow) = elements.multipliedReportingOverflow(by: size)
      guard !overflow else { throw malformed("the tensor is absurdly large", name, file) }
      elements = product
      shape.append(size)
    }
    if let encoding = SourceEncoding(rawValue: dtype), encoding.blockElements == 1 {
      let (bytes, overflow) = elements.multipliedReportingOverflow(by: encoding.blockByteCount)
      guard !overflow, bytes == end - start else {
        throw malformed("\(dtype) \(shape) does not take \(end - start) bytes", name, file)
      }
    }
    return Entry(dtype: dtype, shape: shape, offset: dataStart + start, byteCount: end - start)
  }

  /// The tensor as a source for conversion.
  ///
  /// - Throws: `ImportError` if its type is none that `router` reads, or it has no or more than two dimensions.
  func sourceTensor(_ name: String, _ entry: Entry) throws(ImportError) -> SourceTensor {
    guard let encoding = SourceEncoding(rawValue: entry.dtype), encoding.blockElements == 1 else {
      throw ImportError(
        .unsupported, "the tensor has the type \(ImportError.quoted(entry.dtype))",
        at: .init(file: file.name, item: ImportError.quoted(name), offset: entry.offset),
        remedy: "Use a model with weights in F32, F16 or BF16; quantised ones can be imported from GGUF.")
    }
    guard (1...2).contains(entry.shape.count), !entry.shape.contains(0) else {
      throw Self.malformed("the tensor has the shape \(entry.shape)", name, file)
    }
    return SourceTensor(
      file: file, name: name, encoding: encoding, shape: entry.shape, offset: entry.offset)
  }

  private static func malformed(_ what: String, _ name: String, _ file: InputFile) -> ImportError {
    ImportError(
      .malformed, what, at: .init(file: file.name, item: ImportError.quoted(name)),
      remedy: ImportError.downloadAgain)
  }
}
