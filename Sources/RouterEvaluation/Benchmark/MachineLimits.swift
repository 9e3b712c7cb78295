import RouterTensor

/// What the machine can do at best, measured with loops that do nothing else.
package struct MachineLimits: Sendable, Encodable {
  /// The limits of one number of threads.
  package struct Rates: Sendable, Encodable {
    package let threads: Int
    /// Bytes a second out of memory, by the better of two patterns.
    package let read: Sample
    /// 8-bit operations a second, a multiplication and an addition counting as two.
    package let int8: Sample
    /// f32 operations a second, counted likewise.
    package let f32: Sample

    package init(threads: Int, read: Sample, int8: Sample, f32: Sample) {
      self.threads = threads
      self.read = read
      self.int8 = int8
      self.f32 = f32
    }

    private enum CodingKeys: String, CodingKey {
      case threads
      case read = "read_bytes_per_second"
      case int8 = "int8_operations_per_second"
      case f32 = "f32_operations_per_second"
    }
  }

  package let processor: Processor
  /// Instruction set of the kernels.
  package let kernels: String
  /// Bytes of the buffer that was read.
  package let bufferByteCount: Int
  /// By number of threads, ascending.
  package let rates: [Rates]

  private enum CodingKeys: String, CodingKey {
    case processor, kernels, rates
    case bufferByteCount = "buffer_bytes"
  }

  package init(processor: Processor, kernels: String, bufferByteCount: Int, rates: [Rates]) {
    self.processor = processor
    self.kernels = kernels
    self.bufferByteCount = bufferByteCount
    self.rates = rates
  }

  /// The limits of a number of threads that was measured.
  package func rates(threads: Int) -> Rates? { rates.first { $0.threads == threads } }
}
