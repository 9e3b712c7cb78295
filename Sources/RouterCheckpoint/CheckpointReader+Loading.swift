internal import RouterTensor
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension CheckpointReader {
  /// Loads the tensors of sub-model `layer`, which are those of layers 1 through `layer` and what all layers
  /// share; all tensors if it is nil. Nothing behind that prefix of the file is read.
  ///
  /// Frames are decompressed in parallel, straight into a tensor where they lie within one. Beyond the tensors,
  /// memory holds two frames a thread.
  ///
  /// - Parameter progress: called with a fraction that grows to 1, from any thread, one call at a time.
  /// - Throws: ``CheckpointError`` for a damaged frame, a layer that does not exist, or a model beyond this
  ///   machine's memory.
  package func load(
    throughLayer layer: Int? = nil, threadCount: Int = Workers.defaultCount,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(CheckpointError) -> LoadedTensors {
    let layerCount = metadata.configuration.layerCount
    if let layer, !(1...layerCount).contains(layer) {
      throw CheckpointError(
        .invalidRequest, "there is no layer \(layer)", at: .init(file: path),
        remedy: "Choose one in 1...\(layerCount).")
    }
    let needed = frames.filter { $0.section != .header && $0.section.isNeeded(throughLayer: layer) }
    let indices = tensors.indices.filter { index in
      (tensors[index].layer.map(FrameSection.layer) ?? .shared).isNeeded(throughLayer: layer)
    }
    try checkMemory(for: indices)
    for frame in needed {
      do throws(CheckpointError) {
        try FrameDecompressor.checkDeclaredSize(of: frame, in: file)
      } catch {
        throw named(error, frame)
      }
    }
    let buffers = try allocate(indices, threadCount: threadCount)
    let assembly = TensorAssembly(layout: layout, buffers: buffers)
    let meter = ProgressMeter(total: needed.reduce(0) { $0 + $1.decompressedRange.count }, handler: progress)
    try Workers.forEach(count: needed.count, threads: threadCount) { () throws(CheckpointError) in
      try FrameDecompressor(file: file)
    } body: { decompressor, index throws(CheckpointError) in
      let frame = needed[index]
      let range = dataRange(of: frame)
      do throws(CheckpointError) {
        if let target = assembly.target(for: range) {
          try decompressor.decompress(frame, into: target)
        } else {
          try decompressor.withContent(of: frame) { assembly.add($0, at: range) }
        }
      } catch {
        throw named(error, frame)
      }
      meter.advance(by: range.count)
    }
    return LoadedTensors(
      path: path,
      tensors: indices.compactMap { index in
        buffers[index].map { LoadedTensors.LoadedTensor(descriptor: tensors[index], buffer: $0) }
      })
  }

  private func checkMemory(for indices: [Int]) throws(CheckpointError) {
    let byteCount = indices.reduce(0) { $0 + tensors[$1].byteCount }
    let available = ProcessInfo.processInfo.physicalMemory
    guard UInt64(byteCount) < available else {
      throw CheckpointError(
        .tooLarge,
        "the weights take \(byteCount >> 20) MiB of memory where this machine has \(available >> 20) MiB",
        at: .init(file: path), remedy: "Load fewer layers, or import the model with `--quantize q4`.")
    }
  }

  /// Buffers of zeros by index of the tensor, made in parallel since the zeroing touches every page.
  private func allocate(
    _ indices: [Int], threadCount: Int
  ) throws(CheckpointError) -> [Int: AlignedBuffer] {
    let buffers = Mutex<[Int: AlignedBuffer]>([:])
    try Workers.forEach(count: indices.count, threads: threadCount) {
    } body: { _, index in
      let buffer = AlignedBuffer(byteCount: tensors[indices[index]].byteCount)
      buffers.withLock { $0[indices[index]] = buffer }
    }
    return buffers.withLock { $0 }
  }
}
