package import RouterTensor

/// A prefix file: the container of a checkpoint with the keys and values of token sequences in it.
///
/// Each prefix has two tensors, `prefixes.NAME.tokens` and `prefixes.NAME.pages`. Opening reads the tables and the
/// header; ``load()`` reads the rest, so that a file for another model costs nothing.
package struct PrefixFile: Sendable {
  /// One prefix in memory.
  package struct Prefix: Sendable {
    package let entry: PrefixRecord.Entry
    /// `[T]`: token ids, as the file has them.
    package let tokens: [Int32]
    /// u8 `[pages, page bytes]`.
    package let pages: AlignedBuffer
  }

  /// One prefix to be written.
  package struct Source: Sendable {
    package let entry: PrefixRecord.Entry
    /// `[T]`: token ids.
    package let tokens: [Int32]
    /// Writes a page, 0-based, into a buffer of exactly its size; called from any thread.
    package let fill: @Sendable (Int, UnsafeMutableRawBufferPointer) -> Void

    package init(
      entry: PrefixRecord.Entry, tokens: [Int32],
      fill: @escaping @Sendable (Int, UnsafeMutableRawBufferPointer) -> Void
    ) {
      self.entry = entry
      self.tokens = tokens
      self.fill = fill
    }
  }

  /// What to do about a file that cannot be used.
  static let remedy =
    "Put a good copy in its place, or remove it and send the prefixes again with POST /v1/prefixes."

  private let reader: CheckpointReader
  /// Path, as it was given.
  package var path: String { reader.path }
  /// Name of the model that the prefixes were made with.
  package var modelName: String { reader.metadata.name }
  /// What the file holds.
  package let record: PrefixRecord

  /// Opens a file and checks that it has the tensors that it speaks of.
  ///
  /// - Throws: ``CheckpointError`` that says what is wrong with the file and what to do about it.
  package init(path: String) throws(CheckpointError) {
    do throws(CheckpointError) {
      reader = try CheckpointReader(path: path, contents: .prefixes)
      guard let record = reader.metadata.prefixes else {
        throw CheckpointError(.invalidMetadata, "a prefix file describes no prefixes", remedy: Self.remedy)
      }
      try Self.check(reader.tensors, against: record)
      self.record = record
    } catch {
      throw Self.remedied(error).located(in: path)
    }
  }

  private static func check(
    _ tensors: [TensorDescriptor], against record: PrefixRecord
  ) throws(CheckpointError) {
    var left = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
    func take(_ name: String, _ dtype: DType, _ shape: [Int]) throws(CheckpointError) {
      guard let found = left.removeValue(forKey: name) else {
        throw CheckpointError(
          .missingTensor, "a tensor of a prefix is missing", at: .init(tensor: name), remedy: remedy)
      }
      guard found.dtype == dtype, found.shape == shape else {
        throw CheckpointError(
          .tensorMismatch,
          "a tensor is \(found.dtype.rawValue) \(found.shape) where the prefix needs \(dtype.rawValue) \(shape)",
          at: .init(tensor: name), remedy: remedy)
      }
    }
    for entry in record.prefixes {
      try take(TensorName.prefixTokens(entry.name), .i32, [entry.tokenCount])
      try take(
        TensorName.prefixPages(entry.name), .u8, [record.pageCount(of: entry), record.origin.pageByteCount])
    }
    if let stray = left.keys.min() {
      throw CheckpointError(
        .malformedHeader, "a tensor belongs to no prefix", at: .init(tensor: stray), remedy: remedy)
    }
  }

  /// Reads all prefixes, in the order of their names. Memory holds as much as the file's tensors take.
  ///
  /// - Throws: ``CheckpointError`` if a frame is damaged.
  package func load() throws(CheckpointError) -> [Prefix] {
    do throws(CheckpointError) {
      let loaded = try reader.load()
      var prefixes: [Prefix] = []
      for entry in record.prefixes {
        let tokens = try loaded.tensor(
          TensorName.prefixTokens(entry.name), dtype: .i32, shape: [entry.tokenCount])
        let pages = try loaded.tensor(
          TensorName.prefixPages(entry.name), dtype: .u8,
          shape: [record.pageCount(of: entry), record.origin.pageByteCount])
        prefixes.append(
          Prefix(
            entry: entry,
            tokens: tokens.buffer.elements(of: Int32.self).map { Int32(littleEndian: $0) },
            pages: pages.buffer))
      }
      return prefixes
    } catch {
      throw Self.remedied(error).located(in: path)
    }
  }

  /// The same error, with what to do about it where it is about the bytes of the file.
  private static func remedied(_ error: CheckpointError) -> CheckpointError {
    var error = error
    switch error.code {
    case .corrupt, .notACheckpoint, .malformedHeader, .invalidConfiguration, .invalidMetadata, .tooLarge,
      .missingTensor, .tensorMismatch:
      error.remedy = remedy
    case .notFound, .inputOutput, .noSpace, .unsupportedVersion, .tensorSource, .invalidRequest: break
    }
    return error
  }

  /// Writes prefixes to `path`: complete, or not at all.
  ///
  /// - Parameters:
  ///   - origin: whose keys and values they hold.
  ///   - prefixes: at most ``PrefixRecord/maximumCount``, each with a name of its own.
  ///   - base: what the model's checkpoint says about itself.
  /// - Throws: ``CheckpointError``; a file that was there is as it was then.
  package static func write(
    to path: String, origin: PrefixRecord.Origin, prefixes: [Source], base: CheckpointMetadata, tool: String
  ) throws(CheckpointError) {
    let record = PrefixRecord(origin: origin, prefixes: prefixes.map(\.entry))
    let metadata: CheckpointMetadata
    do throws(CheckpointError) {
      metadata = try CheckpointMetadata(
        name: base.name, configuration: base.configuration, exits: base.exits, tokenizer: "{}",
        quantization: base.quantization,
        provenance: Provenance(
          source: base.provenance.source, sourceSHA256: base.provenance.sourceSHA256, tool: tool),
        license: base.license, prefixes: record, contents: .prefixes)
    } catch {
      throw error.located(in: path)
    }
    let size = origin.pageByteCount
    let tensors = prefixes.flatMap { prefix in
      [
        PendingTensor(
          name: TensorName.prefixTokens(prefix.entry.name), dtype: .i32, shape: [prefix.tokens.count]
        ) { bytes in
          prefix.tokens.map(\.littleEndian).withUnsafeBytes { bytes.copyMemory(from: $0) }
        },
        PendingTensor(
          name: TensorName.prefixPages(prefix.entry.name), dtype: .u8,
          shape: [record.pageCount(of: prefix.entry), size]
        ) { bytes in
          for page in 0..<bytes.count / size {
            prefix.fill(page, UnsafeMutableRawBufferPointer(rebasing: bytes[page * size..<(page + 1) * size]))
          }
        },
      ]
    }
    try CheckpointWriter.write(to: path, metadata: metadata, tensors: tensors)
  }
}
