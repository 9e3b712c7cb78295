import Synchronization

/// Numbers of prompts, dealt to clients one by one.
final class PromptQueue: Sendable {
  private let count: Int
  private let position = Mutex(0)

  /// - Parameter count: numbers that there are; without end if absent.
  init(count: Int = .max) { self.count = count }

  /// The next number; nil if there is none left.
  func next() -> Int? {
    position.withLock { position in
      defer { position += 1 }
      return position < count ? position : nil
    }
  }
}
