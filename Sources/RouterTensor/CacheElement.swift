import CRouterKernels

/// Element type of keys and values that wait in a cache.
package enum CacheElement: String, Sendable, Codable, CaseIterable {
  case f32
  /// IEEE 754 half precision: half the memory, and half the bytes that attention reads.
  case f16
  /// 8-bit codes with one f32 scale for each head and position, for keys and for values: about half of f16.
  case q8

  /// Bytes of one head's keys, or values, of a block of 128 positions.
  ///
  /// - Parameter width: K, elements of a head.
  package func blockByteCount(width: Int) -> Int { rk_cache_bytes(code, width) }

  /// Bytes of an element without its scale.
  package var codeByteCount: Int {
    switch self {
    case .f32: 4
    case .f16: 2
    case .q8: 1
    }
  }

  /// Bytes of the scale of a head's keys, or values, of a position, which lie behind the codes of a block; 0 without one.
  package var scaleByteCount: Int { self == .q8 ? 4 : 0 }

  /// Positions whose keys may share a cache line of 64 bytes; threads that write to one line disturb each other.
  package var linePositions: Int {
    switch self {
    case .f32, .f16: 32
    case .q8: 64
    }
  }

  var code: rk_element {
    switch self {
    case .f32: rk_element_f32
    case .f16: rk_element_f16
    case .q8: rk_element_q8
    }
  }
}
