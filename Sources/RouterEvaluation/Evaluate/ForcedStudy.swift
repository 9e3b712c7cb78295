import Foundation
import RouterDecoding
import RouterExit

/// Gathers a ``ForcedReport`` row by row.
package struct ForcedStudy {
  /// Shares of differing tokens that are reported.
  private static let risks = ["0.01", "0.02", "0.05", "0.1"]
  private static let estimators: [ExitEstimator] = [.maximumProbability, .entropy]

  private let language: LanguageModel
  private let exits: [Int]
  private let template: PromptTemplate
  private let limit: Int
  private let forcing: TeacherForcing
  private let original: (forcing: TeacherForcing, depth: Int)?
  /// One for each prompt.
  private var tokenCounts: [Double] = []
  /// `[exits][prompts]`: sums over the prompt's tokens.
  private var entropySums: [[Double]]
  private var agreementSums: [[Double]]
  private var originalSums: [[Double]]
  private var oracleSum = 0
  private var originalOracleSum = 0
  private var sweeps: [ExitPolicySweep]
  private var skippedRows = 0
  private var cutTokens = 0

  /// - Parameters:
  ///   - limit: tokens of a text at most, prompt and answer together; nil for the model's context.
  ///   - original: a model with the same tokens, such as this one before it was tuned, whose full depth exits are
  ///     compared with as well.
  package init(
    _ language: LanguageModel, template: PromptTemplate = .chat, limit: Int? = nil,
    original: LanguageModel? = nil
  ) {
    self.language = language
    self.original = original.map { (TeacherForcing($0), $0.layerCount) }
    self.template = template
    self.limit = min(limit ?? language.contextLength, language.contextLength)
    exits = language.exits
    forcing = TeacherForcing(language)
    entropySums = exits.map { _ in [] }
    agreementSums = exits.map { _ in [] }
    originalSums = original == nil ? [] : exits.map { _ in [] }
    sweeps = Self.estimators.map { [exits] _ in ExitPolicySweep(exits: exits) }
  }

  /// Scores the reference answer of a row; rows without one are counted and passed over.
  package mutating func add(_ example: PromptExample) throws {
    guard let text = try language.scoredText(of: example, template: template, limit: limit) else {
      skippedRows += 1
      return
    }
    cutTokens += text.cutCount
    let scores = try forcing.scores(of: text.tokens, scored: text.scored, exits: exits)
    guard let full = scores.last else { return }
    tokenCounts.append(Double(full.count))
    for index in exits.indices {
      entropySums[index].append(scores[index].reduce(0) { $0 + $1.crossEntropy })
      agreementSums[index].append(Double(zip(scores[index], full).count { $0.argmax == $1.argmax }))
    }
    if let original {
      let says = try original.forcing.scores(
        of: text.tokens, scored: text.scored, exits: [original.depth])[0]
      for index in exits.indices {
        originalSums[index].append(Double(zip(scores[index], says).count { $0.argmax == $1.argmax }))
      }
      for position in says.indices {
        let shallowest = exits.indices.first { scores[$0][position].argmax == says[position].argmax }
        originalOracleSum += exits[shallowest ?? exits.count - 1]
      }
    }
    for position in full.indices {
      let shallowest = exits.indices.first { scores[$0][position].argmax == full[position].argmax }
      oracleSum += exits[shallowest ?? exits.count - 1]
      for exit in exits.indices.dropLast() {
        let score = scores[exit][position]
        for (index, estimator) in Self.estimators.enumerated() {
          sweeps[index].add(
            confidence: score.confidence(estimator), agrees: score.argmax == full[position].argmax)
        }
      }
    }
  }

  /// The figures so far.
  ///
  /// - Throws: ``EvaluationError`` `noData` if nothing was scored.
  package func report(resamples: Int, seed: UInt64) throws(EvaluationError) -> ForcedReport {
    guard !tokenCounts.isEmpty else {
      throw EvaluationError(.noData, "no row has an answer to score", remedy: "Give rows with answers.")
    }
    let bootstrap = Bootstrap(count: tokenCounts.count, resamples: resamples, seed: seed)
    let tokens = tokenCounts.reduce(0, +)
    return ForcedReport(
      prompts: tokenCounts.count, tokens: Int(tokens),
      exits: exits.enumerated().map { index, depth in
        ForcedReport.Exit(
          depth: depth, crossEntropy: bootstrap.ratio(of: entropySums[index], to: tokenCounts),
          promptCrossEntropy: bootstrap.mean(of: zip(entropySums[index], tokenCounts).map { $0 / $1 }),
          agreement: bootstrap.ratio(of: agreementSums[index], to: tokenCounts),
          originalAgreement: original.map { _ in bootstrap.ratio(of: originalSums[index], to: tokenCounts) })
      },
      oracleDepth: Double(oracleSum) / tokens,
      originalOracleDepth: original.map { _ in Double(originalOracleSum) / tokens },
      policies: zip(Self.estimators, sweeps).map { estimator, sweep in
        let depths = sweep.meanDepths(atRisks: Self.risks.map { Double($0) ?? 0 })
        return ForcedReport.Policy(
          estimator: estimator.name,
          meanDepthAtRisk: Dictionary(uniqueKeysWithValues: zip(Self.risks, depths)))
      },
      skippedRows: skippedRows, cutTokens: cutTokens)
  }
}
