import Foundation
import RouterCheckpoint
import RouterTensor
import RouterTokenizer

/// What an import will do, decided before the first weight is read.
package struct ImportPlan: Sendable {
  package let conversions: [TensorConversion]
  /// Matrices by encoding.
  let encodings: [WeightEncoding: Int]
  /// Ascending, the last is L.
  let exits: [Int]
  let tokenizerJSON: String
  let warnings: [String]

  /// - Throws: `ImportError` if the options do not fit the model.
  package init(_ model: SourceModel, _ options: ImportOptions) throws(ImportError) {
    var conversions: [TensorConversion] = []
    var encodings: [WeightEncoding: Int] = [:]
    for entry in TensorTable(model.configuration).entries {
      guard let source = model.tensors[entry.name] else {
        preconditionFailure("readers deliver every tensor of the table")
      }
      let encoding = options.quantization.encoding(for: source, entry.part.role)
      conversions.append(TensorConversion(source: source, name: entry.name, encoding: encoding))
      guard entry.part.role != .vector else { continue }
      encodings[encoding, default: 0] += 1
    }
    self.conversions = conversions
    self.encodings = encodings
    exits = try Self.exits(options.exits, layerCount: model.configuration.layerCount)
    tokenizerJSON = try Self.json(model.tokenizer)
    warnings = Self.warnings(options.quantization, encodings)
  }

  /// What does not become as it was asked for.
  private static func warnings(
    _ quantization: ImportOptions.Quantization, _ encodings: [WeightEncoding: Int]
  ) -> [String] {
    guard case .all(let asked) = quantization, asked.isQuantized else { return [] }
    let ungrouped = encodings.filter { !$0.key.isQuantized }.values.reduce(0, +)
    guard ungrouped > 0 else { return [] }
    return [
      "\(ungrouped) matrices stay bf16, since their width is not a multiple of \(asked.descriptor.groupSize)."
    ]
  }

  /// Names the encodings, such as `q4` or `mixed q4/q8`, the smallest first.
  package var quantization: String { WeightEncoding.summary(of: encodings.keys) }

  /// The tensors to write; each checks for cancellation before it is made.
  func pendingTensors(_ options: ImportOptions) -> [PendingTensor] {
    conversions.flatMap { $0.pendingTensors() }.map { tensor in
      PendingTensor(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape) { buffer in
        try Importer.checkCancelled(options)
        try tensor.fill(buffer)
      }
    }
  }

  /// The exits asked for, in order, or the fractions .3 ... 1 of L that the paper uses (arXiv 2309.08968,
  /// section 4.1: 12...40 of 40 layers).
  package static func exits(_ wanted: [Int]?, layerCount: Int) throws(ImportError) -> [Int] {
    guard let wanted else {
      let fractions = (3...10).map { (Double(layerCount * $0) / 10).rounded() }
      return Set(fractions.map { max(1, Int($0)) }).sorted()
    }
    let exits = Set(wanted).sorted()
    guard exits.last == layerCount, exits.allSatisfy((1...layerCount).contains) else {
      throw ImportError(
        .invalidOption, "the exits \(wanted) do not fit a model of \(layerCount) layers",
        remedy: "List layers from 1 to \(layerCount) and include \(layerCount).")
    }
    return exits
  }

  private static func json(_ tokenizer: TokenizerDefinition) throws(ImportError) -> String {
    let encoder = JSONEncoder()
    // Equal input shall give equal bytes.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(tokenizer), as: UTF8.self)
    } catch {
      throw ImportError(
        .inconsistent, "the tokenizer cannot be stored: \(error)",
        remedy: "Report this with the model's name.")
    }
  }
}
