/// The header of a GGUF file (version 2 or 3): metadata and tensor table, checked against the file's size.
struct GGUFFile: Sendable {
  /// One tensor of the table.
  struct Tensor: Sendable, Equatable {
    let name: String
    let encoding: SourceEncoding
    /// Dimensions, outermost first (the file stores them innermost first).
    let shape: [Int]
    /// Absolute offset of the first byte in the file.
    let offset: Int
    let byteCount: Int
  }

  let file: InputFile
  let version: Int
  let metadata: [String: GGUFValue]
  /// The tensors by name.
  let tensors: [String: Tensor]

  /// Reads and checks the header of an open file.
  ///
  /// - Throws: `ImportError` naming the offset and the key or tensor.
  /// - Complexity: O(header); tensor data is not read.
  init(_ file: InputFile) throws(ImportError) {
    var parser = GGUFHeaderParser(file: file)
    version = try parser.version()
    let tensorCount = try parser.tensorCount()
    metadata = try parser.metadata()
    tensors = try parser.tensors(count: tensorCount, alignment: parser.alignment(metadata))
    self.file = file
  }

  /// Whether a file begins as GGUF files do.
  static func recognises(_ file: InputFile) -> Bool {
    guard file.byteCount >= 4, let magic = try? file.bytes(at: 0, count: 4) else { return false }
    return magic == Array("GGUF".utf8)
  }
}
