import RouterExit

/// Logits from an array, which counts how often it was asked.
package final class StoredLogits: ExitLogits {
  private let values: UnsafeMutableBufferPointer<Float>
  package private(set) var requestCount = 0

  package init(_ logits: [Float]) {
    values = .allocate(capacity: logits.count)
    _ = values.initialize(from: logits)
  }

  deinit { values.deallocate() }

  package func logits() -> UnsafeBufferPointer<Float> {
    requestCount += 1
    return UnsafeBufferPointer(values)
  }
}
