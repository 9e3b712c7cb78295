import COpenBLAS
import RouterCheckpoint
import RouterTensor

/// Finds the r dimensions in which a head looks at all tokens: formulas at `NarrowMatrix` of RouterTensor.
package struct NarrowHeadFit {
  /// W `[V, D]`.
  private let head: WeightMatrix
  private let moments: HeadInputMoments
  /// f32 `[V, D]` is decoded in parts of so many rows.
  private static let partRows = 4096

  /// - Parameters:
  ///   - head: W `[V, D]`.
  ///   - moments: of what it reads.
  /// - Throws: ``TrainingError`` `invalidSettings` if there are fewer inputs than dimensions.
  package init(_ head: WeightMatrix, moments: HeadInputMoments) throws(TrainingError) {
    guard moments.count > head.columns else {
      throw TrainingError(
        .invalidSettings,
        "a narrow head is found from more than \(head.columns) tokens of answers, and there are \(moments.count)",
        remedy: "Give more rows.")
    }
    self.head = head
    self.moments = moments
  }

  /// The parts of a narrow head of some rank.
  ///
  /// - Parameters:
  ///   - encoding: of `[V, r]`.
  ///   - inputs: f32 `[n, D]`, what a head reads, of texts that are not among the moments': as many tokens are computed in
  ///     all dimensions as the share `found` of them needs.
  /// - Throws: ``TrainingError`` `invalidSettings` if the rank does not fit, `diverged` if a decomposition fails.
  package func narrowHead(
    rank: Int, encoding: WeightEncoding, inputs: [Float], found share: Double
  ) throws(TrainingError) -> NarrowHeadValues {
    let width = head.columns
    guard rank > 0, rank % 32 == 0, rank <= width else {
      throw TrainingError(
        .invalidSettings, "a narrow head of \(rank) dimensions for a model of width \(width)",
        remedy: "Use a multiple of 32 of at most \(width).")
    }
    guard let root = SymmetricMatrix.choleskyFactor(moments.covariance, width),
      let leading = SymmetricMatrix.leadingEigenvectors(rank, of: secondMoments(times: root), width)
    else {
      throw TrainingError(
        .diverged, "what the head reads has no covariance that can be decomposed",
        remedy: "Give rows with other texts; the model's states may not be finite.")
    }
    // L V_r, [D, r], and V_r^T L^-1, [r, D].
    var turned = [Double](repeating: 0, count: width * rank)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(width), blasint(rank), blasint(width), 1, root,
      blasint(width), leading, blasint(width), 0, &turned, blasint(rank))
    var projection = leading
    cblas_dtrsm(
      CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, blasint(rank), blasint(width), 1,
      root,
      blasint(width), &projection, blasint(width))
    let mean = moments.mean
    let centre = (0..<rank).map { row in
      Float((0..<width).reduce(0) { $0 + projection[row * width + $1] * mean[$1] })
    }
    let (weight, bias) = products(with: turned.map(Float.init), rank, mean: mean.map(Float.init))
    var values = NarrowHeadValues(
      rank: rank, projection: projection.map(Float.init), centre: centre, weight: weight, bias: bias,
      encoding: encoding)
    values.leadingBlocks = leadingBlocks(of: values, inputs: inputs, found: share)
    return values
  }

  /// L^T (W^T W) L, `[D, D]`.
  private func secondMoments(times root: [Double]) -> [Double] {
    let width = head.columns
    var gram = [Double](repeating: 0, count: width * width)
    forEachPart { rows, _, count in
      var part = [Float](repeating: 0, count: width * width)
      cblas_ssyrk(
        CblasRowMajor, CblasLower, CblasTrans, blasint(width), blasint(count), 1, rows, blasint(width), 0,
        &part,
        blasint(width))
      for i in 0..<width {
        for j in 0...i { gram[i * width + j] += Double(part[i * width + j]) }
      }
    }
    for i in 0..<width {
      for j in 0..<i { gram[j * width + i] = gram[i * width + j] }
    }
    // G L, then L^T (G L).
    cblas_dtrmm(
      CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, blasint(width), blasint(width), 1,
      root,
      blasint(width), &gram, blasint(width))
    cblas_dtrmm(
      CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, blasint(width), blasint(width), 1, root,
      blasint(width), &gram, blasint(width))
    return gram
  }

  /// W L V_r `[V, r]` and W m `[V]`.
  private func products(
    with turned: [Float], _ rank: Int, mean: [Float]
  ) -> (weight: [Float], bias: [Float]) {
    let width = head.columns
    var weight: [Float] = []
    var bias: [Float] = []
    weight.reserveCapacity(head.rows * rank)
    forEachPart { rows, _, count in
      var part = [Float](repeating: 0, count: count * rank)
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(count), blasint(rank), blasint(width), 1, rows,
        blasint(width), turned, blasint(rank), 0, &part, blasint(rank))
      weight += part
      var sums = [Float](repeating: 0, count: count)
      cblas_sgemv(
        CblasRowMajor, CblasNoTrans, blasint(count), blasint(width), 1, rows, blasint(width), mean, 1, 0,
        &sums, 1)
      bias += sums
    }
    return (weight, bias)
  }

  /// Blocks of 16 tokens that have to lead so that the head's choice is among theirs for a share of some inputs.
  private func leadingBlocks(of values: NarrowHeadValues, inputs: [Float], found share: Double) -> Int {
    let (width, rank) = (head.columns, values.rank)
    let count = inputs.count / width
    guard count > 0 else { return 1 }
    var projected = [Float](repeating: 0, count: count * rank)
    for row in 0..<count {
      for i in 0..<rank { projected[row * rank + i] = -values.centre[i] }
    }
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(count), blasint(rank), blasint(width), 1, inputs,
      blasint(width), values.projection, blasint(width), 1, &projected, blasint(rank))
    let weight = values.decodedWeight
    /// Approximate logits of some tokens, `[count, size]`.
    func about(_ first: Int, _ size: Int) -> [Float] {
      var about = (0..<count).flatMap { _ in values.bias[first..<first + size] }
      weight.withUnsafeBufferPointer { weight in
        cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, blasint(count), blasint(size), blasint(rank), 1, projected,
          blasint(rank), weight.baseAddress.map { $0 + first * rank }, blasint(rank), 1, &about, blasint(size)
        )
      }
      return about
    }
    // Of each input: the largest logit, and the approximate one of the same token.
    var best = [Float](repeating: -.infinity, count: count)
    var own = best
    forEachPart { rows, first, size in
      var exact = [Float](repeating: 0, count: count * size)
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(count), blasint(size), blasint(width), 1, inputs,
        blasint(width), rows, blasint(width), 0, &exact, blasint(size))
      let about = about(first, size)
      for row in 0..<count {
        for place in row * size..<(row + 1) * size where exact[place] > best[row] {
          (best[row], own[row]) = (exact[place], about[place])
        }
      }
    }
    // Of each input: blocks that look as good as the choice's own at least.
    var leading = [Int](repeating: 0, count: count)
    forEachPart { _, first, size in
      let about = about(first, size)
      for row in 0..<count {
        for block in stride(from: 0, to: size, by: 16) {
          let part = about[row * size + block..<row * size + min(block + 16, size)]
          if part.contains(where: { $0 >= own[row] }) { leading[row] += 1 }
        }
      }
    }
    leading.sort()
    return max(1, leading[min(count - 1, Int((Double(count) * share).rounded(.up)))])
  }

  /// Decodes the head in parts, f32 `[count, D]` each, whole blocks of 16 tokens but for the last.
  private func forEachPart(_ body: (_ rows: [Float], _ first: Int, _ count: Int) -> Void) {
    let width = head.columns
    for start in stride(from: 0, to: head.rows, by: Self.partRows) {
      let count = min(Self.partRows, head.rows - start)
      let rows = [Float](unsafeUninitializedCapacity: count * width) { buffer, filled in
        guard let base = buffer.baseAddress else { return }
        for row in 0..<count { head.decodeRow(start + row, into: base + row * width) }
        filled = count * width
      }
      body(rows, start, count)
    }
  }
}
