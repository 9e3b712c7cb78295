import RouterDecoding
import RouterModel

/// What one head costs on this machine, in layers: medians of single-token runs.
struct HeadCost {
  let inLayers: Double

  private static let repetitions = 9

  init(measuredOn language: LanguageModel) throws {
    let session = try InferenceSession(model: language.model, capacity: Self.repetitions + 1)
    let logits = UnsafeMutableBufferPointer<Float>.allocate(capacity: language.vocabularySize)
    defer { logits.deallocate() }
    var layers: [Duration] = []
    var heads: [Duration] = []
    let clock = ContinuousClock()
    for _ in 0...Self.repetitions {
      try session.begin(CollectionOfOne(0))
      layers.append(clock.measure { session.advance(to: language.layerCount) })
      heads.append(
        clock.measure { if let base = logits.baseAddress { session.logits(rows: 0..<1, into: base) } })
      session.commitFull()
    }
    let layer = Self.median(layers) / Double(language.layerCount)
    inLayers = layer > .zero ? Self.median(heads) / layer : 1
  }

  private static func median(_ values: [Duration]) -> Duration { values.sorted()[values.count / 2] }
}
