import Foundation
import RouterTestSupport
import RouterTraining
import Testing

/// Gradients and ten optimiser steps as PyTorch computes them in float64; written by
/// `.ci/fixtures/training_reference.py`.
struct TrainingReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Document: Decodable {
    let tokens: [Int32]
    let firstScored: Int
  }

  struct Gradient: Decodable {
    let norm: Double
    let probes: [Double]
  }

  let name: String
  let exits: [Int]
  let documents: [Document]
  let steps: Int
  let learningRate: Float
  let warmupSteps: Int
  let weightDecay: Float
  let clipNorm: Float
  let distillationShare: Float
  let losses: [Double]
  let norms: [Double]
  let gradients: [String: Gradient]
  let weights: [String: [Double]]

  var testDescription: String { name }

  var texts: [TrainingDocument] {
    get throws {
      try documents.map { try TrainingDocument(tokens: $0.tokens, scored: $0.firstScored..<$0.tokens.count) }
    }
  }

  func model() throws -> TinyModel { exits.count == 3 ? try TinyModel.biased() : try TinyModel.plain() }

  var settings: TuningSettings {
    var settings = TuningSettings(method: .soft, steps: steps, learningRate: learningRate)
    settings.loss = distillationShare > 0 ? .distill : .mean
    settings.distillationShare = distillationShare
    settings.warmupSteps = warmupSteps
    settings.weightDecay = weightDecay
    settings.clipNorm = clipNorm
    settings.batchTokens = 64
    return settings
  }

  /// The elements of a flat tensor that the reference stores.
  static func probes(_ values: some RandomAccessCollection<Float>) -> [Double] {
    (0..<8).map { Double(values[values.index(values.startIndex, offsetBy: $0 * values.count / 8)]) }
  }

  static let all: [TrainingReference] = {
    guard let url = Bundle.module.url(forResource: "Fixtures/training", withExtension: "json") else {
      return []
    }
    return (try? JSONDecoder().decode([TrainingReference].self, from: Data(contentsOf: url))) ?? []
  }()
}
