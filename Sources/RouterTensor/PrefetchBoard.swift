import CRouterKernels
import Synchronization

/// The hint that the threads of a team find while they wait.
///
/// Its words may belong to two calls of ``announce(_:)``: asking for memory that is not needed, or not there, does
/// no harm.
///
/// `@unchecked Sendable`: every field is atomic.
final class PrefetchBoard: @unchecked Sendable {
  /// Bytes that a thread asks for at most: a small part of its second-level cache.
  private static let limit = 64 * 1024
  /// Bytes that it asks for between two looks at whether there is work.
  private static let step = 512

  private let threadCount: Int
  private let start = Atomic<UInt>(0)
  private let byteCount = Atomic<Int>(0)

  init(threadCount: Int) { self.threadCount = threadCount }

  func announce(_ hint: PrefetchHint) {
    start.store(UInt(bitPattern: hint.start), ordering: .relaxed)
    byteCount.store(hint.byteCount, ordering: .relaxed)
  }

  /// How far one thread has followed the hint.
  struct Reader {
    /// 0 ..< threads.
    let thread: Int
    fileprivate var start: UInt = 0
    fileprivate var asked = 0

    init(thread: Int) { self.thread = thread }
  }

  /// Asks for the next few lines of the share that the reader's thread will have.
  func advance(_ reader: inout Reader) {
    let start = start.load(ordering: .relaxed)
    if start != reader.start { (reader.start, reader.asked) = (start, 0) }
    guard start != 0, reader.asked < Self.limit else { return }
    let byteCount = byteCount.load(ordering: .relaxed)
    let place = byteCount / threadCount * reader.thread + reader.asked
    if place < byteCount {
      rk_expect(UnsafeRawPointer(bitPattern: start &+ UInt(place)), Self.step)
    }
    reader.asked += Self.step
  }
}
