internal import RouterTensor

/// Arithmetic on shapes that may come from a file.
enum TensorShape {
  /// Dimensions that a tensor may have.
  static let maximumRank = 8

  /// Size in bytes; nil if a dimension is below 1, there are too many, or the product overflows.
  static func byteCount(of shape: [Int], _ dtype: DType) -> Int? {
    guard shape.count <= maximumRank else { return nil }
    var product = dtype.byteCount
    for dimension in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
      guard dimension > 0, !overflow else { return nil }
      product = next
    }
    return product
  }
}
