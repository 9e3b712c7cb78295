import RouterTestSupport
import RouterTraining

/// Texts of random tokens for the tiny models.
enum Texts {
  /// `count` texts of 5 to 20 tokens, with differing scored parts.
  static func random(_ count: Int, vocabulary: Int = 67, name: String = "texts") throws -> [TrainingDocument]
  {
    try (0..<count).map { index in
      let length = 5 + index * 7 % 16
      let tokens = FixtureWeights.units("\(name) \(index)", count: length).map {
        Int32(($0 + 1) / 2 * Float(vocabulary))
      }
      return try TrainingDocument(tokens: tokens, scored: 1 + index % 4..<length)
    }
  }
}
