import CRouterKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Matmul {
  /// What softmax measures need to know of one row of logits.
  package struct SoftmaxSums: Sendable {
    /// The largest, the second largest (the largest of a lone one) and the smallest logit, NaN ignored.
    package var largest, second, smallest: Float
    /// Sums of exp(x - largest) and of (x - largest) exp(x - largest); a logit that is not finite shows in one of them.
    package var partition, weighted: Double
  }

  /// Parts of a row, always as many, so that sums do not depend on the number of threads or rows.
  private static let softmaxParts = 4

  /// Sums over rows of logits f32 `[N]`, N at least ``softmaxParts``.
  package func softmaxSums(of rows: [UnsafePointer<Float>], count: Int) -> [SoftmaxSums] {
    let parts = min(Self.softmaxParts, count)
    var found = [rk_softmax](repeating: rk_softmax(), count: rows.count * parts)
    let softmax = kernels.table.pointee.softmax
    found.withUnsafeMutableBufferPointer {
      // Each chunk writes its own element.
      nonisolated(unsafe) let (found, rows) = ($0, rows)
      team.run(chunks: found.count) { chunk in
        let part = chunk % parts
        let (first, last) = (count * part / parts, count * (part + 1) / parts)
        if let sums = softmax?(rows[chunk / parts] + first, last - first) { found[chunk] = sums }
      }
    }
    return rows.indices.map { row in Self.joined(found[row * parts..<(row + 1) * parts]) }
  }

  private static func joined(_ parts: ArraySlice<rk_softmax>) -> SoftmaxSums {
    var result = SoftmaxSums(
      largest: -.infinity, second: -.infinity, smallest: .infinity, partition: 0, weighted: 0)
    for part in parts {
      let rest = min(part.largest, result.largest)
      result.second = max(result.second, parts.count == 1 ? part.second : max(rest, part.second))
      result.largest = max(result.largest, part.largest)
      result.smallest = min(result.smallest, part.smallest)
    }
    for part in parts {
      let shift = Double(part.largest - result.largest)
      let scale = exp(shift)
      result.partition += scale * part.partition
      result.weighted += scale * (part.weighted + shift * part.partition)
    }
    return result
  }
}
