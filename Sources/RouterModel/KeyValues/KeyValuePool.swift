import RouterTensor
import Synchronization

/// Owns every page of keys and values: memory for 128 positions in all layers each, counted by reference.
///
/// A page's memory is made when it is first needed and kept for the next sequence, so that a sequence costs what it
/// has reached. What a sequence may still need is promised to it, so that none runs out of pages in mid-answer.
/// Only the thread that runs a model reads and writes the pages; any may ask for ``usage``.
package final class KeyValuePool: Sendable {
  package let layout: KeyValueLayout
  /// Pages that there may be.
  package let pageLimit: Int
  private let state = Mutex(State())

  private struct State {
    /// Memory by page number.
    var pages: [AlignedBuffer] = []
    /// Sequences that hold each page.
    var references: [Int] = []
    /// Pages that nobody holds; the last freed is taken first, since it is in the caches.
    var free: [Int] = []
    /// Pages that sequences may still take.
    var promised = 0
  }

  /// - Parameter pageLimit: nil for as many as the machine's memory has room for.
  package init(_ layout: KeyValueLayout, pageLimit: Int? = nil) {
    self.layout = layout
    self.pageLimit = max(1, pageLimit ?? Int.max)
  }

  /// Promises pages to a sequence.
  ///
  /// - Returns: false if there are not so many; nothing is promised then.
  package func promise(_ count: Int) -> Bool {
    state.withLock { state in
      let held = state.pages.count - state.free.count
      guard count <= pageLimit - held - state.promised else { return false }
      state.promised += count
      return true
    }
  }

  /// Takes back a promise of pages that were not taken.
  package func withdraw(_ count: Int) { state.withLock { $0.promised -= count } }

  /// Takes one of the promised pages, whose bytes are what its last holder left.
  package func take() -> (page: Int, memory: UnsafeMutableRawPointer) {
    state.withLock { state in
      precondition(state.promised > 0, "a page that was not promised")
      state.promised -= 1
      if let page = state.free.popLast() {
        state.references[page] = 1
        return (page, state.pages[page].pointer)
      }
      let memory = AlignedBuffer(byteCount: layout.pageByteCount)
      state.pages.append(memory)
      state.references.append(1)
      return (state.pages.count - 1, memory.pointer)
    }
  }

  /// Lets another sequence hold a page that somebody holds.
  package func retain(_ page: Int) {
    state.withLock { state in
      precondition(state.references[page] > 0, "page \(page) is free")
      state.references[page] += 1
    }
  }

  /// Ends a hold; the last one frees the page.
  package func release(_ page: Int) {
    state.withLock { state in
      precondition(state.references[page] > 0, "page \(page) is free")
      state.references[page] -= 1
      if state.references[page] == 0 { state.free.append(page) }
    }
  }

  /// How many pages there are at this moment.
  package var usage: KeyValueUsage {
    state.withLock { state in
      KeyValueUsage(
        pagesHeld: state.pages.count - state.free.count, pagesPromised: state.promised,
        pagesMade: state.pages.count, pageLimit: pageLimit, pageByteCount: layout.pageByteCount)
    }
  }
}
