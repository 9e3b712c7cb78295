import RouterExit

// Which way to decode is done soonest.
extension LanguageModel {
  /// What is expected of sweeps with these costs.
  func forecast(_ costs: [Double]) -> LoadForecast {
    LoadForecast(
      costs: costs, cheapestRowCount: sweepCosts.cheapestRowCount, layerCount: layerCount,
      acceptance: acceptanceStatistics.acceptance, exitAcceptance: exitAcceptanceStatistics.acceptance,
      headShare: headShare / (1 + headShare))
  }

  /// Expected times per token of each of so many sequences, in sweeps of one row.
  package func timesPerToken(of ways: [Decoding], sequences: Int) -> [Double] {
    let forecast = forecast(sweepCosts.costs)
    return ways.map { way in
      forecast.timePerToken(of: way, sequences: max(1, sequences)) * waySpeeds.correction(of: way.name)
    }
  }
}

extension DecodingBatch {
  /// Notes how long a sweep took over what was forecast, if it had no prompts in it and all decoded alike.
  func recordSpeed(of decoded: [DecodingSequence]) {
    guard report.promptRows == 0, let first = decoded.first else { return }
    guard decoded.allSatisfy({ $0.wayName == first.wayName }), let seconds = costs.sweepSeconds else {
      return
    }
    let way = first.request.decoding
    let forecast = language.forecast(seconds).timePerToken(of: way, sequences: decoded.count)
    language.waySpeeds.record(
      first.wayName, actual: report.seconds * Double(decoded.count),
      forecast: forecast * Double(report.tokens))
  }
}
