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
  /// - Parameter progress: called with a fraction that grows to 1, from any thread, one call at a time.
  /// - Throws: ``CheckpointError`` for a damaged frame, a layer that does not exist, or a model beyond this
  ///   machine's memory.
  package func load(
    throughLayer layer: Int? = nil, threadCount: Int = Workers.defaultCount,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(CheckpointError) -> LoadedTensors {
    let loaded = Mutex<[LoadedTensors.LoadedTensor]>([])
    try forEachSection(throughLayer: layer, threadCount: threadCount, progress: progress) {
      _, tensors in
      loaded.withLock { $0 += tensors.all }
    }
    return LoadedTensors(path: path, tensors: loaded.withLock { $0 })
  }

  /// Loads the tensors of sub-model `layer` and hands them on section by section: what all layers share, and
  /// each layer.
  ///
  /// Frames are decompressed in parallel and in file order, straight into a tensor where they lie within one.
  /// A tensor's memory is used again once `body` has let go of it, so besides what `body` keeps, memory holds
  /// about one section and two frames a thread.
  ///
  /// - Parameters:
  ///   - progress: called with a fraction that grows to 1, from any thread, one call at a time.
  ///   - body: called once for each section, from any thread, several at a time.
  /// - Throws: ``CheckpointError`` as ``load(throughLayer:threadCount:progress:)``.
  package func forEachSection(
    throughLayer layer: Int? = nil, threadCount: Int = Workers.defaultCount,
    progress: (@Sendable (Double) -> Void)? = nil,
    _ body: @Sendable (FrameSection, LoadedTensors) -> Void
  ) throws(CheckpointError) {
    let needed = try neededFrames(throughLayer: layer)
    let sections = self.sections(of: needed, throughLayer: layer)
    try checkMemory(for: sections.values.flatMap(\.tensors))
    let pool = BufferPool(byteCounts: sections.values.flatMap { $0.tensors.map { tensors[$0].byteCount } })
    let meter = ProgressMeter(total: needed.reduce(0) { $0 + $1.decompressedRange.count }, handler: progress)
    try Workers.forEach(count: needed.count, threads: threadCount) { () throws(CheckpointError) in
      try FrameDecompressor(file: file)
    } body: { decompressor, index throws(CheckpointError) in
      let frame = needed[index]
      guard let section = sections[frame.section] else { return }
      try add(frame, to: section.assembly(of: self, pool), decompressor)
      if section.finishFrame() { section.handOver(from: self, to: body, pool) }
      meter.advance(by: frame.decompressedRange.count)
    }
  }

  /// The frames that sub-model `layer` is made of, in file order.
  private func neededFrames(throughLayer layer: Int?) throws(CheckpointError) -> [FrameInfo] {
    let layerCount = metadata.configuration.layerCount
    if let layer, !(1...layerCount).contains(layer) {
      throw CheckpointError(
        .invalidRequest, "there is no layer \(layer)", at: .init(file: path),
        remedy: "Choose one in 1...\(layerCount).")
    }
    let needed = frames.filter { $0.section != .header && $0.section.isNeeded(throughLayer: layer) }
    for frame in needed {
      do throws(CheckpointError) {
        try FrameDecompressor.checkDeclaredSize(of: frame, in: file)
      } catch {
        throw named(error, frame)
      }
    }
    return needed
  }

  private func sections(
    of needed: [FrameInfo], throughLayer layer: Int?
  ) -> [FrameSection: SectionLoad] {
    let indices = Dictionary(grouping: tensors.indices) { index in
      tensors[index].layer.map(FrameSection.layer) ?? .shared
    }
    return Dictionary(grouping: needed, by: \.section).mapValues { frames in
      SectionLoad(
        section: frames[0].section, tensors: indices[frames[0].section] ?? [], frameCount: frames.count)
    }
  }

  private func add(
    _ frame: FrameInfo, to assembly: TensorAssembly, _ decompressor: FrameDecompressor
  ) throws(CheckpointError) {
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
}
