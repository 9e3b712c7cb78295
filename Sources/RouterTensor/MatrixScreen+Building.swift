import COpenBLAS
import CRouterKernels

extension MatrixScreen {
  /// Rows that a thread encodes at once.
  private static let stripe = 64
  /// Rows that the centre is the mean of, at most.
  private static let centreRows = 1024

  /// Whether a screen of a matrix in `encoding` saves anything: not of one that has 4 bits itself. (Minima would make
  /// the rounding of the whole product hard to bound besides.)
  package static func pays(for encoding: WeightEncoding) -> Bool { encoding.descriptor.codeBits > 4 }

  /// Encodes a matrix; nil if its weights are not finite or too large to bound, or if a screen does not pay for
  /// its encoding.
  ///
  /// - Parameters:
  ///   - directions: f32 `[count * K]`, orthonormal rows: where inputs are long; may be empty.
  /// - Complexity: O(N K) with a constant of a few nanoseconds, shared by the team.
  package init?(_ matrix: WeightMatrix, directions: [Float] = [], matmul: Matmul) {
    guard Self.pays(for: matrix.encoding) else { return nil }
    let (rows, columns) = (matrix.rows, matrix.columns)
    precondition(columns > 0 && columns % 32 == 0, "a screen has groups of 32, not \(columns) columns")
    precondition(directions.count % columns == 0, "directions have the width of the matrix")
    self.matrix = matrix
    blocks = AlignedBuffer(byteCount: (rows + 15) / 16 * rk_screen_block_bytes(columns))
    directionCount = directions.count / columns
    self.directions = AlignedBuffer(byteCount: directions.count * 4)
    _ = self.directions.elements(of: Float.self).update(fromContentsOf: directions)
    skew = Self.skew(directions, columns: columns)
    centre = Self.centre(of: matrix)
    norms = Norms()
    let stripes = (rows + Self.stripe - 1) / Self.stripe
    let largest = AlignedBuffer(byteCount: stripes * MemoryLayout<Norms>.stride)
    let found = largest.pointer.bindMemory(to: Norms.self, capacity: stripes)
    found.initialize(repeating: Norms(), count: stripes)
    nonisolated(unsafe) let parts = found
    let screen = self
    matmul.team.run(chunks: stripes) { index in
      let first = index * Self.stripe
      parts[index] = screen.encode(first..<min(rows, first + Self.stripe), kernels: matmul.kernels)
    }
    var total = Norms()
    total.centre = Self.norm(centre)
    for part in UnsafeBufferPointer(start: found, count: stripes) {
      // A NaN must not be lost in a comparison.
      guard part.row.isFinite, part.residual.isFinite else { return nil }
      total.row = max(total.row, part.row)
      total.copy = max(total.copy, part.copy)
      total.residual = max(total.residual, part.residual)
    }
    guard total.row < 1e15, total.centre < 1e15, skew < 1e-3 else { return nil }
    norms = total
  }

  /// Encodes rows that begin on a block and returns the largest norms among them.
  private func encode(_ range: Range<Int>, kernels: Kernels) -> Norms {
    let columns = matrix.columns
    let blockBytes = rk_screen_block_bytes(columns)
    let table = rk_screen_for(kernels.table.pointee.isa).pointee
    let opposite = centre.map { -$0 }
    var norms = Norms()
    withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.stripe * (columns + directionCount)) {
      memory in
      guard let rows = memory.baseAddress else { return }
      let inside = rows + Self.stripe * columns
      rows.update(repeating: 0, count: Self.stripe * columns)
      for (lane, row) in range.enumerated() {
        let target = rows + lane * columns
        matrix.decodeRow(row, into: target)
        norms.row = Self.larger(norms.row, upperNorm(target, kernels))
        kernels.add(opposite, to: target, count: columns)
        norms.copy = Self.larger(norms.copy, upperNorm(target, kernels))
      }
      for first in stride(from: 0, to: range.count, by: 16) {
        let block =
          blocks.pointer.assumingMemoryBound(to: UInt8.self) + (range.lowerBound + first) / 16 * blockBytes
        table.pack(rows + first * columns, columns, block)
      }
      if directionCount > 0 {
        cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, blasint(range.count), blasint(directionCount),
          blasint(columns), 1, rows, blasint(columns), directions.pointer.assumingMemoryBound(to: Float.self),
          blasint(columns), 0, inside, blasint(directionCount))
      }
      for (lane, row) in range.enumerated() {
        let norm = upperNorm(rows + lane * columns, kernels)
        norms.residual = Self.larger(norms.residual, norm)
        let part = Self.norm(
          UnsafeBufferPointer(start: inside + lane * directionCount, count: directionCount))
        let reach = split(norm: norm, inside: part)
        rk_screen_set_norms(
          blocks.pointer.assumingMemoryBound(to: UInt8.self) + row / 16 * blockBytes, row % 16, reach.inside,
          reach.outside)
      }
    }
    // |L| <= |W - c| + |e|
    norms.copy += norms.residual
    return norms
  }

  /// At least the length of f32 `[K]`, from an f32 sum of squares.
  private func upperNorm(_ vector: UnsafePointer<Float>, _ kernels: Kernels) -> Double {
    var squares: Float = 0
    kernels.table.pointee.matmul_f32(vector, 0, 1, matrix.columns, vector, 1, &squares, 1)
    // Squares that underflow are below the smallest residual that counts.
    return (Double(squares) + 1e-36).squareRoot() * (1 + Self.sumError(matrix.columns))
  }

  /// The mean of rows that are spread evenly over the matrix, f32 `[K]`.
  private static func centre(of matrix: WeightMatrix) -> [Float] {
    let step = max(1, matrix.rows / centreRows)
    var sums = [Double](repeating: 0, count: matrix.columns)
    var row = [Float](repeating: 0, count: matrix.columns)
    var count = 0.0
    for index in stride(from: 0, to: matrix.rows, by: step) {
      row.withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress { matrix.decodeRow(index, into: base) }
      }
      for i in 0..<matrix.columns { sums[i] += Double(row[i]) }
      count += 1
    }
    return sums.map { Float($0 / max(count, 1)) }
  }

  private static func skew(_ directions: [Float], columns: Int) -> Double {
    let count = directions.count / columns
    var squares = 0.0
    for i in 0..<count {
      for j in 0..<count {
        var dot = i == j ? -1.0 : 0.0
        for c in 0..<columns {
          dot += Double(directions[i * columns + c]) * Double(directions[j * columns + c])
        }
        squares += dot * dot
      }
    }
    return squares.squareRoot()
  }

  static func norm(_ values: some Sequence<Float>) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// The larger of two numbers; a NaN wins.
  private static func larger(_ a: Double, _ b: Double) -> Double { a.isNaN || a > b ? a : b }
}
