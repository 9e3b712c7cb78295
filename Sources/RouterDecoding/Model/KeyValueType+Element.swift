import RouterExit
import RouterTensor

extension KeyValueType {
  /// The type of a cache's elements.
  package init(_ element: CacheElement) {
    switch element {
    case .f32: self = .f32
    case .f16: self = .f16
    case .q8: self = .q8
    }
  }
}

extension CacheElement {
  /// The elements of a type of keys and values.
  package init(_ type: KeyValueType) {
    switch type {
    case .f32: self = .f32
    case .f16: self = .f16
    case .q8: self = .q8
    }
  }
}
