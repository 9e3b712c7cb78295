import RouterDecoding

extension SamplingBody {
  /// The sampling of each of `choices` choices, checked.
  ///
  /// Choice i draws with `seed + i`, so that a seeded request repeats exactly and its choices still differ.
  func options(seed: Int?, choices: Int, defaultTemperature: Double) throws(APIError) -> [SamplingOptions] {
    let temperature = try self.temperature.map { value throws(APIError) in
      try Self.within(0...2, "temperature", value)
    }
    let topP = try self.topP.map { value throws(APIError) in try Self.within(0...1, "top_p", value) }
    let minP = try self.minP.map { value throws(APIError) in try Self.within(0...1, "min_p", value) }
    let penalty = try Self.within(0...10, "repetition_penalty", repetitionPenalty ?? 1)
    if topP == 0 { throw .invalid("top_p", "'top_p' is 0; it must be greater than 0.") }
    if penalty == 0 {
      throw .invalid("repetition_penalty", "'repetition_penalty' is 0; it must be greater than 0.")
    }
    if let topK, topK < -1 { throw .invalid("top_k", "'top_k' is \(topK); it must be at least -1.") }
    for (name, value) in [("presence_penalty", presencePenalty), ("frequency_penalty", frequencyPenalty)] {
      if let value, value != 0 {
        throw .unsupported(name, "'\(name)' other than 0 is not supported; use 'repetition_penalty'.")
      }
    }

    var result: [SamplingOptions] = []
    for choice in 0..<choices {
      do throws(GenerationError) {
        result.append(
          try SamplingOptions(
            temperature: temperature ?? Float(defaultTemperature), topK: topK.flatMap { $0 > 0 ? $0 : nil },
            topP: topP, minP: minP,
            repetitionPenalty: penalty,
            seed: seed.map { UInt64(bitPattern: Int64($0)) &+ UInt64(choice) }))
      } catch {
        throw APIError(error)
      }
    }
    return result
  }

  private static func within(
    _ range: ClosedRange<Double>, _ name: String, _ value: Double
  ) throws(APIError) -> Float {
    guard range.contains(value) else {
      throw .invalid(
        name,
        "'\(name)' is \(value); it must be from \(range.lowerBound.formatted) to \(range.upperBound.formatted)."
      )
    }
    return Float(value)
  }
}

extension Double {
  /// Without a fraction where there is none.
  fileprivate var formatted: String {
    Int(exactly: self).map(String.init) ?? String(self)
  }
}
