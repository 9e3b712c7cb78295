/// Memory of exactly the asked size that starts `offset` elements past a cache line, so that kernels meet
/// unaligned starts and an address sanitizer sees the first element that is read beyond the end.
final class Block<Element: BitwiseCopyable> {
  let pointer: UnsafeMutablePointer<Element>
  let count: Int
  private let base: UnsafeMutableRawPointer

  init(_ elements: [Element], offset: Int = 0) {
    count = elements.count
    let stride = MemoryLayout<Element>.stride
    base = .allocate(byteCount: max(1, (offset + count) * stride), alignment: 64)
    pointer = (base + offset * stride).bindMemory(to: Element.self, capacity: count)
    pointer.initialize(from: elements, count: count)
  }

  deinit { base.deallocate() }

  var elements: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count)
      return pointer[index]
    }
    set {
      precondition(index >= 0 && index < count)
      pointer[index] = newValue
    }
  }
}
