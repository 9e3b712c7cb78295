/// An open checkpoint, whose tables and header have been checked.
///
/// The file stays open, so a checkpoint that is replaced while it is being read is read as it was. Methods may
/// be called from any thread.
package final class CheckpointReader: Sendable {
  /// Path of the file, as it was given.
  package let path: String
  /// What the checkpoint says about itself.
  package let metadata: CheckpointMetadata
  /// The tensors as ``load(throughLayer:threadCount:progress:)`` gives them, planes joined, in file order.
  package let tensors: [TensorDescriptor]
  /// The tensors as the file holds them, planes apart, in file order.
  package let storedTensors: [TensorDescriptor]
  /// The frames in file order, the header's first.
  package let frames: [FrameInfo]
  /// Identity of the model: lowercase hexadecimal SHA-256 of the uncompressed header, then of each further
  /// frame's u32 content size and u32 checksum (low half of its content's XXH64), little-endian.
  ///
  /// It costs no reading of weights and does not depend on the compression level. It tells models apart and
  /// does not prove who made one, since XXH64 can be forged.
  package let fingerprint: String
  /// Size of the file in bytes.
  package var fileByteCount: Int { file.byteCount }

  let file: RandomAccessFile
  let stored: StoredTensors
  let dataOffset: Int

  /// Opens a checkpoint: reads its tables and its header, no weights.
  ///
  /// - Parameter contents: what the file must hold; nil for anything.
  /// - Throws: ``CheckpointError`` that says what is wrong with the file and where.
  package init(path: String, contents: CheckpointMetadata.Contents? = .model) throws(CheckpointError) {
    do throws(CheckpointError) {
      let file = try RandomAccessFile(path: path)
      let container = try Container(readingFrom: file)
      try Self.check(container.metadata, contents)
      self.path = path
      self.file = file
      metadata = container.metadata
      frames = container.frames
      stored = container.stored
      tensors = container.stored.tensors
      storedTensors = container.stored.descriptors
      dataOffset = container.dataOffset
      fingerprint = container.fingerprint
    } catch {
      throw error.located(in: path)
    }
  }

  private static func check(
    _ metadata: CheckpointMetadata, _ wanted: CheckpointMetadata.Contents?
  ) throws(CheckpointError) {
    guard let wanted, wanted != metadata.contents else { return }
    let found =
      switch metadata.contents {
      case .model: "the model \(metadata.name)"
      case .adapter: "exit adapters for \(metadata.name)"
      case .prefixes: "prefixes kept for \(metadata.name)"
      }
    switch wanted {
    case .model:
      throw CheckpointError(
        .invalidRequest, "the file holds \(found), not a model",
        remedy: metadata.contents == .adapter
          ? "Join it to its model with `router adapter merge`."
          : "Give the model's file, and this one with `router serve --prefix-file`.")
    case .adapter:
      throw CheckpointError(
        .invalidRequest, "the file holds \(found), not exit adapters",
        remedy: "Take a model's adapters out with `router adapter extract`.")
    case .prefixes:
      throw CheckpointError(
        .invalidRequest, "the file holds \(found), not kept prefixes",
        remedy:
          "Give --prefix-file a file of its own; the first POST /v1/prefixes makes one that does not exist.")
    }
  }

  /// Decompresses every frame and compares every digest and checksum; keeps nothing.
  ///
  /// - Parameter progress: called with a fraction that grows to 1, from any thread, one call at a time.
  /// - Throws: ``CheckpointError`` for the first frame that is damaged.
  package func verify(
    threadCount: Int = Workers.defaultCount, progress: (@Sendable (Double) -> Void)? = nil
  ) throws(CheckpointError) {
    let meter = ProgressMeter(total: frames.last?.decompressedRange.upperBound ?? 0, handler: progress)
    try Workers.forEach(count: frames.count, threads: threadCount) { () throws(CheckpointError) in
      try FrameDecompressor(file: file)
    } body: { decompressor, index throws(CheckpointError) in
      let frame = frames[index]
      do throws(CheckpointError) {
        try FrameDecompressor.checkDeclaredSize(of: frame, in: file)
        try decompressor.withContent(of: frame) { _ in }
      } catch {
        throw named(error, frame)
      }
      meter.advance(by: frame.decompressedRange.count)
    }
  }

  /// The content of one frame of this file, checked.
  ///
  /// - Throws: ``CheckpointError`` if the frame is damaged.
  package func content(of frame: FrameInfo) throws(CheckpointError) -> [UInt8] {
    do throws(CheckpointError) {
      try FrameDecompressor.checkDeclaredSize(of: frame, in: file)
      return try FrameDecompressor(file: file).withContent(of: frame) { Array($0) }
    } catch {
      throw named(error, frame)
    }
  }

  /// The part of the data section that a frame holds.
  func dataRange(of frame: FrameInfo) -> Range<Int> {
    let range = frame.decompressedRange
    return range.lowerBound - dataOffset..<range.upperBound - dataOffset
  }

  /// An error in a frame, with the first tensor that the frame holds.
  func named(_ error: CheckpointError, _ frame: FrameInfo) -> CheckpointError {
    var copy = error.located(in: path)
    if frame.section != .header, copy.location.tensor == nil,
      let index = stored.indices(in: dataRange(of: frame)).first
    {
      copy.location.tensor = stored.descriptors[index].name
    }
    return copy
  }
}
