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

/// Takes the measurements behind ``MachineLimits``, a few at a time, so that they can lie on both sides of
/// what they are compared with.
package final class MachineMeter {
  private struct Team {
    let threads: Int
    let probe: MachineProbe
    var read: [MachineProbe.Pattern: Sample] = [:]
    var compute: [MachineProbe.Arithmetic: Sample] = [:]
  }

  private let kernels: Kernels
  private let byteCount: Int
  private var teams: [Team]

  /// - Parameters:
  ///   - threadCounts: numbers of threads to measure.
  ///   - byteCount: bytes of the buffer; nil for a gigabyte or eight last-level caches, whichever is more, but
  ///     no more than a quarter of the free memory.
  package init(threadCounts: [Int], kernels: Kernels = .best, byteCount: Int? = nil) {
    self.kernels = kernels
    let wanted = max(1 << 30, 8 * (Processor.current.lastLevelCacheByteCount ?? 0))
    self.byteCount = byteCount ?? max(64 << 20, min(wanted, SystemMemory.available / 4))
    teams = Set(threadCounts).sorted().map {
      Team(threads: $0, probe: MachineProbe(team: ThreadTeam(threadCount: $0), kernels: kernels))
    }
  }

  /// Measures everything `repetitions` times, round-robin. The buffer lives only during the call.
  package func measure(repetitions: Int) {
    guard let buffer = teams.last?.probe.makeBuffer(byteCount: byteCount) else { return }
    var watch = Stopwatch()
    for _ in 0..<repetitions {
      for index in teams.indices {
        let probe = teams[index].probe
        for pattern in MachineProbe.Pattern.allCases {
          _ = watch.lap()
          let bytes = Double(probe.read(buffer, pattern))
          teams[index].read[pattern, default: Sample()].append(bytes / watch.lap())
        }
        for arithmetic in MachineProbe.Arithmetic.allCases {
          _ = watch.lap()
          let operations = Double(probe.compute(arithmetic))
          teams[index].compute[arithmetic, default: Sample()].append(operations / watch.lap())
        }
      }
    }
  }

  /// What has been measured so far.
  package var limits: MachineLimits {
    MachineLimits(
      processor: .current, kernels: kernels.name, bufferByteCount: byteCount,
      rates: teams.map { team in
        MachineLimits.Rates(
          threads: team.threads, read: team.read.values.max { $0.median < $1.median } ?? Sample(),
          int8: team.compute[.int8] ?? Sample(), f32: team.compute[.f32] ?? Sample())
      })
  }
}
