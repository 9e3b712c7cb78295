import Foundation
import RouterDecoding
import RouterTokenizer

/// Measures suitability row by row.
package struct SuitabilityStudy {
  private let language: LanguageModel
  private let forcing: TeacherForcing
  private var tokenCount = 0
  private var rowCount = 0
  private var agreeing: [Int]
  private var entropySums: [Double]
  private var oracleSum = 0

  package init(_ language: LanguageModel) {
    self.language = language
    forcing = TeacherForcing(language)
    agreeing = language.exits.map { _ in 0 }
    entropySums = language.exits.map { _ in 0 }
  }

  /// Scores the reference answer of a row; rows without one, or beyond the context, are passed over.
  ///
  /// - Returns: the number of tokens that were scored.
  package mutating func add(_ example: PromptExample) throws -> Int {
    guard let reference = example.reference, !reference.isEmpty else { return 0 }
    let prompt = try language.promptTokens(of: example)
    var answer = language.tokenizer.encode(reference)
    if let end = language.tokenizer.definition.eosToken { answer.append(end) }
    let tokens = Array((prompt + answer).prefix(language.contextLength))
    return try add(tokens, scored: prompt.count..<tokens.count)
  }

  /// Scores plain text in windows of `window` tokens, each from an empty context.
  package mutating func add(text: String, window: Int, progress: (Double) -> Void) throws -> Int {
    let tokens = language.tokenizer.encode(text)
    var total = 0
    for start in stride(from: 0, to: tokens.count, by: window) {
      let part = Array(tokens[start..<min(start + window, tokens.count)])
      guard part.count > 1 else { break }
      total += try add(part, scored: 1..<part.count)
      progress(Double(start + part.count) / Double(tokens.count))
    }
    return total
  }

  private mutating func add(_ tokens: [Int32], scored: Range<Int>) throws -> Int {
    guard scored.lowerBound >= 1, !scored.isEmpty else { return 0 }
    let scores = try forcing.scores(of: tokens, scored: scored, exits: language.exits)
    guard let full = scores.last else { return 0 }
    for position in full.indices {
      var shallowest: Int?
      for (index, exit) in language.exits.enumerated() {
        let score = scores[index][position]
        entropySums[index] += score.crossEntropy
        guard score.argmax == full[position].argmax else { continue }
        agreeing[index] += 1
        if shallowest == nil { shallowest = exit }
      }
      oracleSum += shallowest ?? language.layerCount
    }
    tokenCount += full.count
    rowCount += 1
    return full.count
  }

  /// The figures so far.
  ///
  /// - Throws: ``EvaluationError`` `noData` if nothing was scored.
  package func report() throws(EvaluationError) -> SuitabilityReport {
    guard tokenCount > 0 else {
      throw EvaluationError(
        .noData, "no row has an answer to score", remedy: "Give rows with answers, or a text file.")
    }
    let count = Double(tokenCount)
    return SuitabilityReport(
      tokens: tokenCount, rows: rowCount,
      exits: language.exits.enumerated().map { index, depth in
        SuitabilityReport.Exit(
          depth: depth, agreement: Double(agreeing[index]) / count, crossEntropy: entropySums[index] / count)
      },
      oracleDepth: Double(oracleSum) / count, perplexity: exp((entropySums.last ?? 0) / count))
  }
}
