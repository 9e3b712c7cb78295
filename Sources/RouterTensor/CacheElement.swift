import CRouterKernels

/// Element type of keys and values that wait in a cache.
package enum CacheElement: String, Sendable, Codable, CaseIterable {
  case f32
  /// IEEE 754 half precision: half the memory, and half the bytes that attention reads.
  case f16

  /// Bytes of one element.
  package var byteCount: Int {
    switch self {
    case .f32: 4
    case .f16: 2
    }
  }

  var code: rk_element {
    switch self {
    case .f32: rk_element_f32
    case .f16: rk_element_f16
    }
  }
}
