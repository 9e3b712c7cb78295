import Foundation
import RouterCheckpoint
import RouterTestSupport

/// The same model once more, in f64 and written to be read: one token at a time, lists of numbers, no scaling of
/// rotary frequencies. It shares nothing with the package but the configuration and the table of tensors.
///
/// A token may stop after any layer; the layers that it skips then get the keys and values that their own norm and
/// projections make of its last hidden state (CALM, arXiv 2207.07061, section 3.1).
struct NaiveLlama {
  private let configuration: ModelConfiguration
  private var tensors: [String: [Double]] = [:]
  /// `[L][position][G * K]`
  private var keys: [[[Double]]]
  private var values: [[[Double]]]

  init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    for entry in TensorTable(configuration).entries {
      tensors[entry.name] = FixtureWeights.elements(of: entry).map(Double.init)
    }
    keys = .init(repeating: [], count: configuration.layerCount)
    values = keys
  }

  /// Runs the next token through `depth` layers and returns the hidden state after the last of them.
  mutating func run(_ token: Int32, depth: Int) -> [Double] {
    let width = configuration.width
    var hidden = Array(tensor(TensorName.embedding)[Int(token) * width..<(Int(token) + 1) * width])
    let position = keys[0].count
    for layer in 0..<configuration.layerCount {
      let normed = norm(hidden, TensorName.layer(layer, .inputNorm))
      keys[layer].append(rotated(projection(normed, layer, .keyWeight, .keyBias), position))
      values[layer].append(projection(normed, layer, .valueWeight, .valueBias))
      guard layer < depth else { continue }
      let query = rotated(projection(normed, layer, .queryWeight, .queryBias), position)
      add(product(TensorName.layer(layer, .outputWeight), attention(query, layer)), to: &hidden)
      let inner = norm(hidden, TensorName.layer(layer, .postAttentionNorm))
      let gate = product(TensorName.layer(layer, .gateWeight), inner)
      let up = product(TensorName.layer(layer, .upWeight), inner)
      let joined = zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
      add(product(TensorName.layer(layer, .downWeight), joined), to: &hidden)
    }
    return hidden
  }

  /// The logits of an exit with this hidden state.
  func logits(_ hidden: [Double]) -> [Double] {
    product(
      configuration.tiedHead ? TensorName.embedding : TensorName.head, norm(hidden, TensorName.finalNorm))
  }

  private func attention(_ query: [Double], _ layer: Int) -> [Double] {
    let width = configuration.headWidth
    let sharing = configuration.headCount / configuration.keyValueHeadCount
    return (0..<configuration.headCount).flatMap { head in
      let own = query[head * width..<(head + 1) * width]
      let from = head / sharing * width
      let scores = keys[layer].map { key in
        zip(own, key[from..<from + width]).reduce(0) { $0 + $1.0 * $1.1 } / Double(width).squareRoot()
      }
      let weights = scores.map { exp($0 - (scores.max() ?? 0)) }
      let total = weights.reduce(0, +)
      return (0..<width).map { c in
        zip(weights, values[layer]).reduce(0) { $0 + $1.0 / total * $1.1[from + c] }
      }
    }
  }

  private func projection(
    _ x: [Double], _ layer: Int, _ weight: LayerPart, _ bias: LayerPart
  ) -> [Double] {
    var result = product(TensorName.layer(layer, weight), x)
    if configuration.attentionBias { add(tensor(TensorName.layer(layer, bias)), to: &result) }
    return result
  }

  /// Pairs (i, i + K / 2) of each head turn by position * base^(-2i / K) (arXiv 2104.09864, in the order of
  /// Hugging Face).
  private func rotated(_ heads: [Double], _ position: Int) -> [Double] {
    let (width, half) = (configuration.headWidth, configuration.headWidth / 2)
    var result = heads
    for start in stride(from: 0, to: heads.count, by: width) {
      for i in 0..<half {
        let angle = Double(position) * pow(configuration.rotary.base, -2 * Double(i) / Double(width))
        let (a, b) = (heads[start + i], heads[start + i + half])
        result[start + i] = a * cos(angle) - b * sin(angle)
        result[start + i + half] = b * cos(angle) + a * sin(angle)
      }
    }
    return result
  }

  private func norm(_ x: [Double], _ name: String) -> [Double] {
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let inverse = 1 / (mean + Double(configuration.normEpsilon)).squareRoot()
    return zip(x, tensor(name)).map { $0 * inverse * $1 }
  }

  private func product(_ name: String, _ x: [Double]) -> [Double] {
    tensor(name).withUnsafeBufferPointer { matrix in
      (0..<matrix.count / x.count).map { row in
        var sum = 0.0
        for c in x.indices { sum += matrix[row * x.count + c] * x[c] }
        return sum
      }
    }
  }

  private func add(_ term: [Double], to target: inout [Double]) {
    for i in term.indices { target[i] += term[i] }
  }

  private func tensor(_ name: String) -> [Double] { tensors[name] ?? [] }
}
