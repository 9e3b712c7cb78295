import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Packing into tiles loses nothing: a decoded row is `scale * code (+ min)` of the stored form, bit for bit.
struct TilePackingTests {
  /// Row counts around the tile's 16 and the 1,024 rows that one thread packs at a time.
  private static let shapes = [(1, 32), (15, 64), (16, 32), (17, 96), (1023, 32), (1041, 32)]

  @Test(arguments: shapes)
  func q8RowsDecodeToWhatIsStored(rows: Int, columns: Int) {
    let team = ThreadTeam(threadCount: 2)
    var random = SplitMix64(seed: 41)
    let (codes, scales) = (
      AlignedBuffer(byteCount: rows * columns), AlignedBuffer(byteCount: rows * columns / 16)
    )
    let c = codes.elements(of: Int8.self)
    let s = scales.elements(of: UInt16.self)
    for i in c.indices { c[i] = Int8.random(in: -128...127, using: &random) }
    for i in s.indices { s[i] = HalfPrecision.f16(from: random.signedUnit()) }
    let matrix = WeightMatrix(
      EncodedMatrix(.q8, elements: codes, companions: [scales], rows: rows, columns: columns), team: team)
    var row = [Float](repeating: 0, count: columns)
    for n in 0..<rows {
      matrix.decodeRow(n, into: &row)
      let isRight = row.indices.allSatisfy {
        row[$0] == HalfPrecision.float(fromF16: s[(n * columns + $0) / 32]) * Float(c[n * columns + $0])
      }
      #expect(isRight, "row \(n)")
    }
    #expect(matrix.byteCount == (rows + 15) / 16 * 16 * columns / 32 * 34)
  }

  @Test(arguments: shapes)
  func q4RowsDecodeToWhatIsStored(rows: Int, columns: Int) {
    let team = ThreadTeam(threadCount: 2)
    var random = SplitMix64(seed: 42)
    let codes = AlignedBuffer(byteCount: rows * columns / 2)
    let (scales, mins) = (
      AlignedBuffer(byteCount: rows * columns / 16), AlignedBuffer(byteCount: rows * columns / 16)
    )
    let c = codes.elements(of: UInt8.self)
    let (s, m) = (scales.elements(of: UInt16.self), mins.elements(of: UInt16.self))
    for i in c.indices { c[i] = UInt8.random(in: 0...255, using: &random) }
    for i in s.indices {
      s[i] = HalfPrecision.f16(from: random.signedUnit())
      m[i] = HalfPrecision.f16(from: random.signedUnit())
    }
    let matrix = WeightMatrix(
      EncodedMatrix(.q4, elements: codes, companions: [scales, mins], rows: rows, columns: columns),
      team: team)
    var row = [Float](repeating: 0, count: columns)
    for n in 0..<rows {
      matrix.decodeRow(n, into: &row)
      let isRight = row.indices.allSatisfy {
        let index = n * columns + $0
        // Byte j of a row holds code 2j in its low nibble and code 2j + 1 in its high nibble.
        let code = c[index / 2] >> (index % 2 == 0 ? 0 : 4) & 15
        let (scale, minimum) = (
          HalfPrecision.float(fromF16: s[index / 32]), HalfPrecision.float(fromF16: m[index / 32])
        )
        return row[$0] == scale * Float(code) + minimum
      }
      #expect(isRight, "row \(n)")
    }
    #expect(matrix.byteCount == (rows + 15) / 16 * 16 * columns / 32 * 20)
  }

  @Test func wideRowsDecodeToWhatIsStored() {
    var random = SplitMix64(seed: 43)
    let floats = random.floats(3 * 5)
    let wide = AlignedBuffer(byteCount: 15 * 4)
    let narrow = AlignedBuffer(byteCount: 15 * 2)
    for i in 0..<15 {
      wide.elements(of: Float.self)[i] = floats[i]
      narrow.elements(of: UInt16.self)[i] = HalfPrecision.bf16(from: floats[i])
    }
    var row = [Float](repeating: 0, count: 5)
    for n in 0..<3 {
      WeightMatrix(EncodedMatrix(.f32, elements: wide, rows: 3, columns: 5)).decodeRow(n, into: &row)
      #expect(row == Array(floats[n * 5..<n * 5 + 5]))
      WeightMatrix(EncodedMatrix(.bf16, elements: narrow, rows: 3, columns: 5)).decodeRow(n, into: &row)
      #expect(
        row == floats[n * 5..<n * 5 + 5].map { HalfPrecision.float(fromBF16: HalfPrecision.bf16(from: $0)) })
    }
  }
}
