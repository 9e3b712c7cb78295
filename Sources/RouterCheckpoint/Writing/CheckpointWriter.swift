/// Writes checkpoints.
package enum CheckpointWriter {
  /// How to write.
  package struct Options: Sendable {
    /// zstd level, -7...22. Planes have settings of their own, and quantised codes are compressed only above
    /// level 1.
    package var level: Int
    /// Uncompressed size of a frame in bytes, at most; 1 KiB to 64 MiB.
    package var frameByteCount: Int
    /// Whether BF16 and F32 matrices are stored as an exponent plane and a sign-mantissa plane.
    package var planar: Bool
    /// Threads that fill and compress, at most.
    package var threadCount: Int

    /// Creates options; the defaults suit every model.
    package init(
      level: Int = 1, frameByteCount: Int = 4 << 20, planar: Bool = false,
      threadCount: Int = Workers.defaultCount
    ) {
      self.level = level
      self.frameByteCount = frameByteCount
      self.planar = planar
      self.threadCount = threadCount
    }
  }

  /// Writes a checkpoint to `path`: complete, or not at all.
  ///
  /// Equal input gives equal bytes, whatever the order of `tensors` and the number of threads. Memory holds the
  /// tensors that are being compressed, at least one, else at most 64 MiB of them, and their frames.
  ///
  /// - Parameters:
  ///   - tensors: in any order; the writer sorts them. Each is filled once, from any thread.
  ///   - progress: called with a fraction that grows to 1, from any thread, one call at a time.
  /// - Throws: ``CheckpointError``; code `tensorSource` with the cause in `underlying` if a tensor's `fill`
  ///   threw another error. Nothing is left behind then.
  package static func write(
    to path: String, metadata: CheckpointMetadata, tensors: [PendingTensor], options: Options = Options(),
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      try validate(options)
      let plan = try WritePlan(
        tensors: tensors, layerCount: metadata.configuration.layerCount, planar: options.planar,
        frameByteCount: options.frameByteCount)
      let header = SafetensorsHeader(
        metadata: try metadata.headerValues(), tensors: plan.parts.map(\.descriptor))
      let meter = ProgressMeter(total: 2 * plan.dataByteCount, handler: progress)
      let session = WriteSession(file: try AtomicFile(path: path), plan: plan, options: options, meter: meter)
      try session.write(header: try header.encoded())
    } catch {
      throw error.located(in: path)
    }
  }

  private static func validate(_ options: Options) throws(CheckpointError) {
    guard FrameCompressor.levels.contains(options.level) else {
      throw CheckpointError(
        .invalidRequest, "the compression level \(options.level) does not exist",
        remedy: "Choose one in \(FrameCompressor.levels).")
    }
    guard ContainerLimits.frameByteCounts.contains(options.frameByteCount) else {
      throw CheckpointError(
        .invalidRequest, "frames of \(options.frameByteCount) bytes are not allowed",
        remedy: "Choose a size in \(ContainerLimits.frameByteCounts).")
    }
  }
}
