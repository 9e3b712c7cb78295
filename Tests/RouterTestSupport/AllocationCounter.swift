import CAllocationCounter

/// Counts heap allocations of the test program.
package enum AllocationCounter {
  /// Whether what is counted is the code's own: allocations are seen on this platform, and the compiler has removed
  /// those that it removes from what is shipped, such as of generic vectors.
  package static var isMeaningful: Bool {
    #if DEBUG
      false
    #else
      allocation_counter_works()
    #endif
  }

  /// Allocations that the calling thread makes while `body` runs.
  package static func allocations(during body: () throws -> Void) rethrows -> Int {
    let before = allocation_counter_of_thread()
    try body()
    return Int(allocation_counter_of_thread() - before)
  }
}
