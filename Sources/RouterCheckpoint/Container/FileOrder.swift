/// A tensor's place in a file: what all layers share, then layer after layer, each in the order of use, each
/// matrix followed by its scales and minima; unknown tensors last in their section, by name.
struct FileOrder: Comparable {
  private let layer: Int
  private let part: Int
  private let base: String
  private let suffix: Int

  private static let shared = TensorPart.shared.map(\.name)
  private static let layerParts = LayerPart.allCases

  init(_ name: String) {
    let (base, suffix) = TensorName.split(name)
    self.base = String(base)
    self.suffix = suffix.flatMap(TensorName.Suffix.allCases.firstIndex).map { $0 + 1 } ?? 0
    if let index = TensorName.layerIndex(of: name) {
      layer = index + 1
      part =
        Self.layerParts.firstIndex { TensorName.layer(index, $0) == base } ?? Self.layerParts.count
    } else {
      layer = 0
      part = Self.shared.firstIndex { $0 == base } ?? Self.shared.count
    }
  }

  static func < (left: FileOrder, right: FileOrder) -> Bool {
    (left.layer, left.part, left.base, left.suffix) < (right.layer, right.part, right.base, right.suffix)
  }
}
