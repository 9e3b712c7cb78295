import CRouterKernels
import Foundation
import RouterRandom
import RouterTensor
import RouterTestSupport

/// Random queries over a random cache of one key/value head, with the exact answer.
final class AttentionProblem {
  enum Element: String, CaseIterable {
    case f32, f16, q8

    var code: rk_element {
      switch self {
      case .f32: rk_element_f32
      case .f16: rk_element_f16
      case .q8: rk_element_q8
      }
    }

    /// What a cache holds of a key or value: f32 and f16 round each element, q8 to multiples of a 127th of the largest.
    func rounded(_ row: [Float]) -> [Float] {
      switch self {
      case .f32: return row
      case .f16: return row.map { HalfPrecision.float(fromF16: HalfPrecision.f16(from: $0)) }
      case .q8:
        let largest = row.map(abs).max() ?? 0
        return row.map { ($0 * (127 / largest)).rounded(.toNearestOrEven) * (largest / 127) }
      }
    }
  }

  let heads: Int
  let rows: Int
  let position: Int
  let width: Int
  /// `[rows, stride]`; a row is padded by three elements that nothing may read or write.
  let queries: Block<Float>
  /// `[positions][K]`, rounded to what the cache holds.
  private(set) var keys: [[Float]] = []
  private(set) var values: [[Float]] = []
  /// `[positions][K]`, as they were before that.
  private var exactKeys: [[Float]] = []
  private var exactValues: [[Float]] = []
  private let element: Element
  /// A block of memory for each block of 128 positions: keys, then values.
  private let memory: [Block<UInt8>]
  private let blocks: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  private var stride: Int { heads * width + 3 }
  private var count: Int { position + rows }
  private var scale: Float { 1 / Float(width).squareRoot() }

  init(
    heads: Int, rows: Int, position: Int, width: Int, element: Element, seed: UInt64, with table: rk_kernels
  ) {
    (self.heads, self.rows, self.position, self.width) = (heads, rows, position, width)
    self.element = element
    var random = SplitMix64(seed: seed)
    let offset = Int(seed % 4)
    queries = Block(random.floats(rows * (heads * width + 3), amplitude: 4), offset: offset)
    // All bits set: as f32 or f16 each element that is never written is a NaN, of q8 each scale.
    let blockCount = (position + rows + 127) / 128
    let bytes = [UInt8](repeating: 0xFF, count: 2 * rk_cache_bytes(element.code, width))
    memory = (0..<blockCount).map { _ in Block(bytes, offset: 4 * offset) }
    blocks = .allocate(capacity: blockCount)
    for (index, block) in memory.enumerated() {
      (blocks + index).initialize(to: UnsafeMutableRawPointer(block.pointer))
    }
    for position in 0..<count {
      exactKeys.append(random.floats(width))
      exactValues.append(random.floats(width))
      keys.append(element.rounded(exactKeys[position]))
      values.append(element.rounded(exactValues[position]))
      store(exactKeys[position], exactValues[position], at: position, with: table)
    }
  }

  deinit { blocks.deallocate() }

  private var cache: rk_cache {
    rk_cache(
      blocks: blocks, keys: 0, values: rk_cache_bytes(element.code, width), width: width,
      element: element.code)
  }

  private var view: rk_queries {
    rk_queries(rows: queries.pointer, stride: stride, heads: heads, position: position, scale: scale)
  }

  func store(_ key: [Float], _ value: [Float], at position: Int, with table: rk_kernels) {
    withUnsafePointer(to: cache) { table.store($0, position, key, value) }
  }

  /// f32 `[rows, heads * K]`; rows that are not asked for stay 9.
  func attend(_ table: rk_kernels, rows part: Range<Int>) -> [Float] {
    let output = Block([Float](repeating: 9, count: rows * stride))
    withUnsafePointer(to: cache) { cache in
      withUnsafePointer(to: view) {
        table.attend(cache, $0, part.lowerBound, part.upperBound, nil, output.pointer)
      }
    }
    return (0..<rows).flatMap { row in (0..<heads * width).map { output[row * stride + $0] } }
  }

  /// As ``attend``, block by block, then joined.
  func attendByParts(_ table: rk_kernels) -> [Float] {
    let size = rows * heads * (width + 2)
    let blocks = (count + 127) / 128
    let parts = Block([Float](repeating: 7, count: blocks * size))
    withUnsafePointer(to: cache) { cache in
      withUnsafePointer(to: view) { view in
        for block in (0..<blocks).reversed() {
          table.attend_part(cache, view, rows, block, nil, parts.pointer + block * size)
        }
      }
    }
    let output = Block([Float](repeating: 9, count: rows * heads * width))
    for query in 0..<rows * heads {
      let seen = (position + query / heads) / 128 + 1
      table.attend_join(
        parts.pointer + query * (width + 2), size, seen, width, output.pointer + query * width)
    }
    return output.elements
  }

  /// `[rows, heads * K]` in f64, from the stored keys and values.
  var expected: [Double] { exact(keys, values) }

  /// `[rows, heads * K]` in f64, from the keys and values before they were rounded.
  var unrounded: [Double] { exact(exactKeys, exactValues) }

  /// `[rows, heads]`: how far rounding the keys may move a query's scaled scores, each key by half a step of 1 / 127.
  var scoreErrors: [Double] {
    (0..<rows * heads).map { query in
      let start = query / heads * stride + query % heads * width
      return Double(scale) * (0..<width).reduce(0.0) { $0 + abs(Double(queries[start + $1])) } / 254
    }
  }

  private func exact(_ keys: [[Float]], _ values: [[Float]]) -> [Double] {
    (0..<rows * heads).flatMap { query -> [Double] in
      let start = query / heads * stride + query % heads * width
      let positions = 0...position + query / heads
      let scores = positions.map { s in
        Double(scale) * (0..<width).reduce(0.0) { $0 + Double(queries[start + $1]) * Double(keys[s][$1]) }
      }
      let top = scores.max() ?? 0
      let weights = scores.map { exp($0 - top) }
      let total = weights.reduce(0, +)
      return (0..<width).map { c in
        positions.reduce(0.0) { $0 + weights[$1] / total * Double(values[$1][c]) }
      }
    }
  }
}
