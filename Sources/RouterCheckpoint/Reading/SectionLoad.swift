internal import RouterTensor
import Synchronization

/// One section of a checkpoint on its way into memory.
final class SectionLoad: Sendable {
  let section: FrameSection
  /// Indices of the section's tensors in the checkpoint.
  let tensors: [Int]

  private let framesLeft: Atomic<Int>
  private let memory = Mutex<Memory?>(nil)

  private struct Memory {
    var buffers: [Int: AlignedBuffer]
    let assembly: TensorAssembly
  }

  init(section: FrameSection, tensors: [Int], frameCount: Int) {
    self.section = section
    self.tensors = tensors
    framesLeft = Atomic(frameCount)
  }

  /// Where the section's frames go; made when the first arrives.
  func assembly(of reader: CheckpointReader, _ pool: BufferPool) -> TensorAssembly {
    memory.withLock { memory in
      if let memory { return memory.assembly }
      var buffers: [Int: AlignedBuffer] = [:]
      for index in tensors {
        let tensor = reader.tensors[index]
        // Planes are merged into what is there.
        let mayHavePlanes = tensor.dtype == .f32 || tensor.dtype == .bf16
        buffers[index] = pool.take(byteCount: tensor.byteCount, zeroed: mayHavePlanes)
      }
      let assembly = TensorAssembly(reader.stored, buffers: buffers)
      memory = Memory(buffers: buffers, assembly: assembly)
      return assembly
    }
  }

  /// Counts a frame as read; true for the last.
  func finishFrame() -> Bool {
    framesLeft.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  /// Gives the complete tensors to `body` and what it does not keep to the pool.
  func handOver(
    from reader: CheckpointReader, to body: (FrameSection, LoadedTensors) -> Void, _ pool: BufferPool
  ) {
    guard var buffers = memory.withLock({ $0.take()?.buffers }) else { return }
    body(
      section,
      LoadedTensors(
        path: reader.path,
        tensors: tensors.compactMap { index in
          buffers[index].map { LoadedTensors.LoadedTensor(descriptor: reader.tensors[index], buffer: $0) }
        }))
    for index in tensors {
      if let buffer = buffers.removeValue(forKey: index) { pool.giveBack(buffer) }
    }
  }
}
