import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Keys and values on their way into a cache.
struct CacheStoreTests {
  /// All halves, halves of the way between two, and what f16 cannot hold: the conversion is that of the scalar code.
  @Test(arguments: Kernels.available)
  func halvesAreRoundedToNearestEven(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    let specials: [Float] = [
      0, -0.0, 65504, 65519.996, 65520, 1e30, -1e30, .infinity, -.infinity, 0x1p-24, 0x1p-25, 0x1.8p-25,
      1e-30,
      .leastNonzeroMagnitude,
    ]
    var random = SplitMix64(seed: 51)
    let halves = (0..<64).map { _ in
      HalfPrecision.float(fromF16: UInt16.random(in: 0..<0x7C00, using: &random))
    }
    let between = halves.map { $0 * (1 + 0x1p-11) }
    let values = specials + halves + between + random.floats(50, amplitude: 1000)
    let width = values.count
    let keys = Block([UInt16](repeating: 0, count: 2 * 128 * width))
    let stored = keys.pointer + 128 * width
    let blocks = Block([UnsafeMutableRawPointer?(keys.pointer)])
    let cache = rk_cache(
      blocks: blocks.pointer, keys: 0, values: 2 * 128 * width, width: width, element: rk_element_f16)
    for position in [0, 63, 64, 127] {
      withUnsafePointer(to: cache) { table.store($0, position, values, values) }
      let expected = values.map(HalfPrecision.f16)
      let found = (0..<width).map { stored[position * width + $0] }
      #expect(found == expected, "\(set)")
      // Keys lie in tiles of 64 positions.
      let tile = position / 64 * 64 * width + position % 64
      let foundKeys = (0..<width).map { keys[tile + $0 * 64] }
      #expect(foundKeys == expected, "\(set)")
    }
    withExtendedLifetime((keys, blocks)) {}
  }

  /// Codes are multiples of a 127th of the largest element, to the nearest even; what is not finite makes the scale NaN.
  @Test(arguments: Kernels.available)
  func codesHaveAScaleForEachPosition(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    var random = SplitMix64(seed: 52)
    for width in [2, 6, 20, 64, 134] {
      let size = rk_cache_bytes(rk_element_q8, width)
      let memory = Block([UInt8](repeating: 0xFF, count: 2 * size))
      let base = UnsafeMutableRawPointer(memory.pointer)
      let blocks = Block([UnsafeMutableRawPointer?(base)])
      let cache = rk_cache(
        blocks: blocks.pointer, keys: 0, values: size, width: width, element: rk_element_q8)
      var rows = [
        [Float](repeating: 0, count: width), [Float](repeating: -3e38, count: width),
        [Float](repeating: .leastNonzeroMagnitude, count: width), random.floats(width, amplitude: 1000),
        // Halves, for which even neighbours are taken.
        (0..<width).map { $0 == 0 ? 127 : Float($0) - 0.5 },
      ]
      for poison in [Float.nan, .infinity, -.infinity] {
        for place in [0, width - 1] {
          rows.append(random.floats(width))
          rows[rows.count - 1][place] = poison
        }
      }
      for (index, row) in rows.enumerated() {
        let position = index * 41 % 128
        withUnsafePointer(to: cache) { table.store($0, position, row, row.reversed()) }
        let largest = row.reduce(0) { max($0, $1.isFinite ? abs($1) : .infinity) }
        let factor = 127 / largest
        let codes = row.map {
          largest.isFinite && factor.isFinite && largest > 0
            ? Int8(($0 * factor).rounded(.toNearestOrEven)) : 0
        }
        let keys = (0..<width).map { c in
          base.load(fromByteOffset: (position / 64 * width + c) * 64 + position % 64, as: Int8.self)
        }
        let values = (0..<width).map { c in
          base.load(fromByteOffset: size + position * width + c, as: Int8.self)
        }
        #expect(keys == codes && values == codes.reversed(), "\(set), row \(index) of width \(width)")
        for start in [0, size] {
          let scale = base.loadUnaligned(
            fromByteOffset: start + 128 * width + 4 * position, as: Float.self)
          #expect(largest.isFinite ? scale == largest / 127 : scale.isNaN, "\(set), row \(index)")
        }
      }
      withExtendedLifetime((memory, blocks)) {}
    }
  }

  /// A block further on may lie before the first, and its values before its keys.
  @Test(arguments: Kernels.available, AttentionProblem.Element.allCases)
  func blocksMayLieAnywhere(set: Kernels.InstructionSet, element: AttentionProblem.Element) throws {
    let table = try set.kernels().table.pointee
    let (width, size) = (6, 128 * 6 * 4)
    let memory = Block([UInt8](repeating: 0xFF, count: 4 * size))
    let base = UnsafeMutableRawPointer(memory.pointer)
    let blocks = Block([UnsafeMutableRawPointer?(base + 2 * size), base])
    let cache = rk_cache(
      blocks: blocks.pointer, keys: size, values: 0, width: width,
      element: element.code)
    let ones = [Float](repeating: 1, count: width)
    for position in 0..<130 {
      withUnsafePointer(to: cache) {
        table.store($0, position, ones, [Float](repeating: Float(position), count: width))
      }
    }
    let (query, output) = (Block(ones), Block([Float](repeating: 0, count: width)))
    let queries = rk_queries(rows: query.pointer, stride: width, heads: 1, position: 129, scale: 1)
    withUnsafePointer(to: cache) { cache in
      withUnsafePointer(to: queries) { table.attend(cache, $0, 0, 1, nil, output.pointer) }
    }
    withExtendedLifetime((memory, blocks, query)) {}
    // Equal keys: the mean of 0 ... 129.
    #expect(output.elements.allSatisfy { abs($0 - 64.5) < 1e-3 }, "\(set)")
  }
}
