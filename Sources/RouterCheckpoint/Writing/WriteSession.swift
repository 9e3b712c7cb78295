internal import RouterTensor
import Synchronization

/// One run of the writer: fills tensors, compresses their frames in parallel, and writes these in order.
final class WriteSession {
  private let file: AtomicFile
  private let plan: WritePlan
  private let options: CheckpointWriter.Options
  private let meter: ProgressMeter
  private var entries: [SeekTable.Entry] = []
  private var digests: [UInt64] = []
  private var decompressedByteCount = 0

  /// Bytes of tensors, and as many of frames, that are in memory at a time; a larger tensor comes alone.
  private static let batchByteCount = 64 << 20

  init(file: AtomicFile, plan: WritePlan, options: CheckpointWriter.Options, meter: ProgressMeter) {
    self.file = file
    self.plan = plan
    self.options = options
    self.meter = meter
  }

  /// Writes everything and gives the file its name.
  func write(header: [UInt8]) throws(CheckpointError) {
    let compressor = try FrameCompressor(level: options.level)
    for range in header.indices.split(maximumCount: options.frameByteCount) {
      let content = compressor.input.bytes(range.count)
      content.copyBytes(from: header[range])
      try append(try compressor.frame(UnsafeRawBufferPointer(content), kind: .ordinary))
    }
    var buffers: [Int: AlignedBuffer] = [:]
    var next = 0
    while next < plan.frames.count {
      let batch = batch(from: next, holding: buffers)
      try fill(&buffers, for: batch)
      for frame in try compress(batch, from: buffers) { try append(frame) }
      next = batch.upperBound
      let firstNeeded = next < plan.frames.count ? source(plan.frames[next].parts.lowerBound) : .max
      buffers = buffers.filter { $0.key >= firstNeeded }
    }
    let digestFrame = DigestFrame(digests: digests).encoded()
    try file.write(digestFrame)
    entries.append(
      .init(compressedByteCount: UInt32(digestFrame.count), decompressedByteCount: 0, checksum: 0))
    try file.write(SeekTable(entries: entries).encoded())
    try ContainerLimits.check(decompressed: decompressedByteCount, compressed: file.byteCount)
    try file.commit()
  }

  private func append(_ frame: CompressedFrame) throws(CheckpointError) {
    try file.write(frame.bytes)
    entries.append(frame.entry)
    digests.append(frame.digest)
    decompressedByteCount += frame.decompressedByteCount
  }

  /// The source that a part comes from.
  private func source(_ part: Int) -> Int { plan.parts[part].source }

  /// The sources that frames draw from.
  private func sources(of frames: Range<Int>) -> ClosedRange<Int> {
    source(
      plan.frames[frames.lowerBound].parts.lowerBound)...source(
        plan.frames[frames.upperBound - 1].parts.upperBound - 1)
  }

  /// As many frames from `first` on as the memory limit allows, at least one.
  private func batch(from first: Int, holding buffers: [Int: AlignedBuffer]) -> Range<Int> {
    var end = first + 1
    var frameBytes = plan.frames[first].range.count
    while end < plan.frames.count {
      frameBytes += plan.frames[end].range.count
      let sourceBytes = sources(of: first..<end + 1).reduce(0) { $0 + byteCount(ofSource: $1) }
      let isNewSource = sources(of: end..<end + 1).upperBound > sources(of: first..<end).upperBound
      if frameBytes > Self.batchByteCount || (isNewSource && sourceBytes > Self.batchByteCount) { break }
      end += 1
    }
    return first..<end
  }

  private func byteCount(ofSource index: Int) -> Int {
    plan.sources[index].shape.reduce(plan.sources[index].dtype.byteCount, *)
  }

  private func fill(
    _ buffers: inout [Int: AlignedBuffer], for frames: Range<Int>
  ) throws(CheckpointError) {
    let missing = sources(of: frames).filter { buffers[$0] == nil }
    let filled = Mutex<[Int: AlignedBuffer]>([:])
    let (plan, meter, sizes) = (plan, meter, missing.map(byteCount(ofSource:)))
    try Workers.forEach(count: missing.count, threads: options.threadCount) {
    } body: { _, index throws(CheckpointError) in
      let tensor = plan.sources[missing[index]]
      let buffer = AlignedBuffer(byteCount: sizes[index])
      do {
        try tensor.fill(buffer.bytes)
      } catch let error as CheckpointError {
        throw error
      } catch {
        throw CheckpointError(
          .tensorSource, "a tensor cannot be produced: \(error)", at: .init(tensor: tensor.name),
          remedy: "Check the model that is being imported.", underlying: error)
      }
      filled.withLock { $0[missing[index]] = buffer }
      meter.advance(by: sizes[index])
    }
    buffers.merge(filled.withLock { $0 }) { _, new in new }
  }

  private func compress(
    _ frames: Range<Int>, from buffers: [Int: AlignedBuffer]
  ) throws(CheckpointError) -> [CompressedFrame] {
    let done = Mutex<[Int: CompressedFrame]>([:])
    let (plan, meter, level) = (plan, meter, options.level)
    try Workers.forEach(count: frames.count, threads: options.threadCount) { () throws(CheckpointError) in
      try FrameCompressor(level: level)
    } body: { compressor, index throws(CheckpointError) in
      let frame = plan.frames[frames.lowerBound + index]
      let content = plan.content(of: frame, from: buffers, scratch: compressor.input)
      let compressed = try compressor.frame(content, kind: frame.kind)
      done.withLock { $0[index] = compressed }
      meter.advance(by: frame.range.count)
    }
    return done.withLock { done in done.sorted { $0.key < $1.key }.map(\.value) }
  }
}

extension WritePlan {
  /// The bytes of a frame: in the tensor itself where the frame lies within one, else gathered.
  fileprivate func content(
    of frame: Frame, from buffers: [Int: AlignedBuffer], scratch: ScratchBuffer
  ) -> UnsafeRawBufferPointer {
    func buffer(_ part: Part) -> AlignedBuffer {
      guard let buffer = buffers[part.source] else { preconditionFailure("a frame precedes its tensor") }
      return buffer
    }
    if frame.parts.count == 1, let part = parts[frame.parts].first, part.plane == .whole {
      let start = part.descriptor.byteRange.lowerBound
      return UnsafeRawBufferPointer(
        rebasing: buffer(part).bytes[frame.range.lowerBound - start..<frame.range.upperBound - start])
    }
    let gathered = scratch.bytes(frame.range.count)
    for part in parts[frame.parts] {
      let range = part.descriptor.byteRange
      let piece = range.clamped(to: frame.range)
      let target = gathered[
        piece.lowerBound - frame.range.lowerBound..<piece.upperBound - frame.range.lowerBound]
      part.plane.extract(
        piece.lowerBound - range.lowerBound..<piece.upperBound - range.lowerBound,
        of: UnsafeRawBufferPointer(buffer(part).bytes), sources[part.source].dtype,
        to: UnsafeMutableRawBufferPointer(rebasing: target))
    }
    return UnsafeRawBufferPointer(gathered)
  }
}
