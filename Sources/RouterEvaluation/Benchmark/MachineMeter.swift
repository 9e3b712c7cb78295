import RouterTensor

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
