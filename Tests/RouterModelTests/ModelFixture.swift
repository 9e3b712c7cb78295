import Foundation
import RouterCheckpoint
import Testing

/// A tiny model as transformers computes it in float32; written by `.ci/fixtures/model.py`.
struct ModelFixture: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let configuration: ModelConfiguration
  let tokens: [Int32]
  /// The positions whose states are stored.
  let positions: [Int]
  /// `[L, P, D]`, flat.
  private let hidden: [Float]
  /// `[L, P, V]`, flat: the logits of an exit after each layer.
  private let logits: [Float]

  var testDescription: String { name }

  /// The hidden state after `depth` layers at the stored position with index `index`.
  func hidden(depth: Int, index: Int) -> ArraySlice<Float> {
    part(of: hidden, depth, index, width: configuration.width)
  }

  /// The logits of the exit after `depth` layers at the stored position with index `index`.
  func logits(depth: Int, index: Int) -> ArraySlice<Float> {
    part(of: logits, depth, index, width: configuration.vocabularySize)
  }

  private func part(of values: [Float], _ depth: Int, _ index: Int, width: Int) -> ArraySlice<Float> {
    let start = ((depth - 1) * positions.count + index) * width
    return values[start..<start + width]
  }

  /// All models of the fixture.
  static let all: [ModelFixture] = {
    guard let url = Bundle.module.url(forResource: "Fixtures/model", withExtension: "json") else { return [] }
    return (try? JSONDecoder().decode([ModelFixture].self, from: Data(contentsOf: url))) ?? []
  }()

  /// The model called `name`.
  static func named(_ name: String) throws -> ModelFixture {
    struct NoSuchFixture: Error {}
    guard let fixture = all.first(where: { $0.name == name }) else { throw NoSuchFixture() }
    return fixture
  }
}
