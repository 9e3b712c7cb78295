import RouterTensor

extension AlignedBuffer {
  /// A buffer that holds `elements`.
  package convenience init<Element: BitwiseCopyable>(holding elements: [Element]) {
    self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
    _ = self.elements(of: Element.self).update(fromContentsOf: elements)
  }
}
