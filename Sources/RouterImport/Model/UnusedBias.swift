/// Biases that some models carry and `router` does not compute: harmless if they are zero, refused otherwise.
enum UnusedBias {
  /// Checks that every element of a bias without a place in the checkpoint is zero.
  ///
  /// - Returns: a warning that it was dropped.
  /// - Throws: `ImportError` if the bias would change the model's output, or cannot be read.
  static func drop(_ bias: SourceTensor) throws(ImportError) -> String {
    var zero = true
    try bias.forEachDecodedChunk { _, floats in zero = zero && floats.allSatisfy { $0 == 0 } }
    guard zero else {
      throw ImportError(
        .unsupported, "the model has a bias that router does not compute",
        at: .init(file: bias.file.name, item: bias.name),
        remedy: "Use a model whose only biases are those of the query, key and value projections.")
    }
    return "\(bias.name) is all zero and was left out."
  }
}
