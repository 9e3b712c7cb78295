import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport

/// A product of 8-bit activations `[M, K]` with a tiled matrix `[N, K]`, its exact result and the error that f32
/// sums may have.
struct TileProblem {
  enum Encoding: String, CaseIterable {
    case q8, q4

    var tiles: rk_encoding {
      switch self {
      case .q8: rk_encoding_q8
      case .q4: rk_encoding_q4
      }
    }
  }

  /// What the codes are: random over their whole range, or the largest products that can occur.
  enum Content: String, CaseIterable { case random, extreme }

  let encoding: Encoding
  let rows: Int
  let columns: Int
  let activationRows: Int
  let tiles: Block<UInt8>
  private let activations: (codes: Block<Int8>, scales: Block<Float>, sums: Block<Float>)
  /// `[M][N]`, from the stored codes in f64.
  private(set) var expected: [[Double]] = []
  /// `[M][N]`: how far off an f32 sum of the groups may be.
  private(set) var bounds: [[Double]] = []

  init(
    _ encoding: Encoding, rows: Int, columns: Int, activationRows: Int, content: Content, offset: Int,
    seed: UInt64
  ) {
    self.encoding = encoding
    (self.rows, self.columns, self.activationRows) = (rows, columns, activationRows)
    var random = SplitMix64(seed: seed)
    let groups = columns / 32
    let codes = (0..<rows * columns).map { index -> Int in
      switch (encoding, content) {
      case (.q8, .random): Int.random(in: -128...127, using: &random)
      case (.q8, .extreme): index / columns % 2 == 0 ? -128 : 127
      case (.q4, .random): Int.random(in: 0...15, using: &random)
      case (.q4, .extreme): 15
      }
    }
    let scales = (0..<rows * groups).map { _ in HalfPrecision.f16(from: random.signedUnit() * 0.1) }
    let mins = (0..<rows * groups).map { _ in HalfPrecision.f16(from: random.signedUnit()) }
    tiles = Self.pack(encoding, codes, scales, mins, rows: rows, columns: columns, offset: offset)

    let inputs = (0..<activationRows * columns).map { index -> Int8 in
      switch content {
      case .random: Int8.random(in: -127...127, using: &random)
      case .extreme: index / columns % 2 == 0 ? 127 : -127
      }
    }
    let inputScales = (0..<activationRows * groups).map { _ in abs(random.signedUnit()) }
    let inputSums = (0..<activationRows * groups).map { group in
      Float(inputs[group * 32..<group * 32 + 32].reduce(0) { $0 + Int($1) })
    }
    activations = (
      Block(inputs, offset: offset), Block(inputScales, offset: offset), Block(inputSums, offset: offset)
    )
    for i in 0..<activationRows {
      var (values, errors) = ([Double](), [Double]())
      for row in 0..<rows {
        var (total, magnitude) = (0.0, 0.0)
        for group in 0..<groups {
          var dot = 0
          for c in group * 32..<group * 32 + 32 {
            dot += codes[row * columns + c] * Int(inputs[i * columns + c])
          }
          let scale = Double(HalfPrecision.float(fromF16: scales[row * groups + group]))
          let minimum = encoding == .q4 ? Double(HalfPrecision.float(fromF16: mins[row * groups + group])) : 0
          let factor = Double(inputScales[i * groups + group])
          let offset = minimum * Double(inputSums[i * groups + group])
          total += factor * (scale * Double(dot) + offset)
          magnitude += factor * (abs(scale * Double(dot)) + abs(offset))
        }
        values.append(total)
        // A few roundings a group and one a sum, each at most 2^-24 of what has been summed.
        errors.append(Double(groups + 4) * 0x1p-24 * magnitude)
      }
      expected.append(values)
      bounds.append(errors)
    }
  }

  /// The rows of activations from `first` on.
  func view(from first: Int = 0) -> rk_activations {
    rk_activations(
      codes: activations.codes.pointer + first * columns,
      scales: activations.scales.pointer + first * columns / 32,
      sums: activations.sums.pointer + first * columns / 32)
  }

  var blockCount: Int { (rows + 15) / 16 }

  private static func pack(
    _ encoding: Encoding, _ codes: [Int], _ scales: [UInt16], _ mins: [UInt16], rows: Int, columns: Int,
    offset: Int
  ) -> Block<UInt8> {
    let tiles = Block(
      [UInt8](repeating: 0, count: rk_tiles_bytes(encoding.tiles, rows, columns)), offset: offset)
    let stored: [UInt8] =
      switch encoding {
      case .q8: codes.map { UInt8(bitPattern: Int8($0)) }
      case .q4: (0..<codes.count / 2).map { UInt8(codes[2 * $0] | codes[2 * $0 + 1] << 4) }
      }
    scales.withUnsafeBytes { scales in
      mins.withUnsafeBytes { mins in
        let companions = [scales.baseAddress, mins.baseAddress]
        rk_format(encoding.tiles).pointee.pack(stored, companions, 0, rows, rows, columns, tiles.pointer)
      }
    }
    return tiles
  }
}
