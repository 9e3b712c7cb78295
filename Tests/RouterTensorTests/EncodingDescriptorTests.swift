import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// What every encoding's descriptor must hold, whichever it is.
struct EncodingDescriptorTests {
  private static let columns = 96

  @Test func storedElementTypesTellEncodingsApart() {
    for encoding in WeightEncoding.allCases {
      #expect(WeightEncoding(storedAs: encoding.descriptor.dtype) == encoding)
    }
    #expect(WeightEncoding(storedAs: .i32) == nil)
  }

  /// Counted by hand: 8 bits and half a bit of scale, 4 bits and twice half a bit.
  @Test func bitsAreCountedWithTheirCompanions() {
    #expect(WeightEncoding.allCases.map(\.descriptor.bitsPerWeight) == [32, 16, 8.5, 5])
    #expect(WeightEncoding.allCases.map(\.descriptor.codeBits) == [32, 16, 8, 4])
    #expect(WeightEncoding.allCases.map(\.isQuantized) == [false, false, true, true])
  }

  /// Whole blocks of 16 rows take as many bytes in tiles as they do in a file.
  @Test(arguments: WeightEncoding.allCases)
  func tilesTakeTheBytesOfTheStoredForm(encoding: WeightEncoding) {
    let descriptor = encoding.descriptor
    let stored = EncodedMatrix(
      [Float](repeating: 1, count: 32 * Self.columns), as: encoding, rows: 32, columns: Self.columns)
    let byteCount = stored.companions.reduce(stored.elements.byteCount) { $0 + $1.byteCount }
    #expect(Double(byteCount * 8) == descriptor.bitsPerWeight * Double(32 * Self.columns))
    #expect(WeightMatrix(stored).byteCount == byteCount)
    #expect(
      descriptor.packedByteCount(rows: 32, columns: Self.columns) == (encoding.isQuantized ? byteCount : nil))
    #expect(descriptor.packedByteCount(rows: 32, columns: 97) == nil)
    #expect(
      descriptor.elementShape([32, Self.columns]).reduce(descriptor.dtype.byteCount, *)
        == stored.elements.byteCount)
  }

  /// A step of the codes is at most the range of a group, -1 ... 1, over their number less one.
  @Test(arguments: WeightEncoding.allCases)
  func encodedRowsDecodeToWithinAStep(encoding: WeightEncoding) {
    var random = SplitMix64(seed: 61)
    let source = random.floats(17 * Self.columns)
    let matrix = WeightMatrix(EncodedMatrix(source, as: encoding, rows: 17, columns: Self.columns))
    let step = encoding == .f32 ? 0 : 2 / Float(1 << min(8, encoding.descriptor.codeBits) - 1)
    var row = [Float](repeating: 0, count: Self.columns)
    for n in 0..<17 {
      matrix.decodeRow(n, into: &row)
      #expect(row.indices.allSatisfy { abs(row[$0] - source[n * Self.columns + $0]) <= step })
    }
  }

  /// What is no number, or too large for the encoding, is noticed wherever it stands.
  @Test(arguments: WeightEncoding.allCases)
  func weightsThatAreNotFiniteAreNoticed(encoding: WeightEncoding) {
    let descriptor = encoding.descriptor
    func isFinite(_ source: [Float]) -> Bool {
      let stored = EncodedMatrix(source, as: encoding, rows: 2, columns: Self.columns)
      return withExtendedLifetime(stored) {
        descriptor.isFinite(
          EncodedPlanes(
            elements: stored.elements.bytes,
            companions: stored.companions.map { $0.elements(of: UInt16.self) }))
      }
    }
    var source = [Float](repeating: -0.5, count: 2 * Self.columns)
    #expect(isFinite(source))
    for (place, value) in [(0, Float.nan), (70, .infinity), (191, -.infinity)] {
      let usual = source[place]
      source[place] = value
      #expect(!isFinite(source), "\(value) at \(place)")
      source[place] = usual
    }
    // The largest f32 rounds to infinity in bfloat16, and its scale does in f16.
    source[33] = .greatestFiniteMagnitude
    #expect(isFinite(source) == (encoding == .f32))
  }

  @Test func aSummaryNamesTheSmallestFirst() {
    #expect(WeightEncoding.summary(of: [.q4, .q4]) == "q4")
    #expect(WeightEncoding.summary(of: [.f32, .q8, .bf16, .q4, .q8]) == "mixed q4/q8/bf16/f32")
  }

  @Test func rowsWithoutWholeGroupsBecomeWide() {
    #expect(WeightEncoding.allCases.map { $0.fitted(columns: 40) } == [.f32, .bf16, .bf16, .bf16])
    #expect(WeightEncoding.allCases.map { $0.fitted(columns: 64) } == WeightEncoding.allCases)
  }

  @Test func vocabulariesHaveEightBitsAtLeast() {
    #expect(WeightEncoding.allCases.map(\.ofVocabulary) == [.f32, .bf16, .q8, .q8])
  }
}
