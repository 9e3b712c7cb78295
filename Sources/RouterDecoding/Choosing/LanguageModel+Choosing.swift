import RouterExit
import RouterTensor

// Which way to decode is done soonest.
extension LanguageModel {
  /// What is expected of sweeps with these costs.
  func forecast(_ costs: [Double]) -> LoadForecast {
    let head = Double(model.weights.head.byteCount)
    let layers = Double(model.weights.layers.reduce(0) { $0 + $1.byteCount })
    return LoadForecast(
      costs: costs, cheapestRowCount: sweepCosts.cheapestRowCount, layerCount: layerCount,
      acceptance: acceptanceStatistics.acceptance, exitAcceptance: exitAcceptanceStatistics.acceptance,
      headShare: head / max(head + layers, 1))
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
  func recordSpeed(of ways: [Decoding]) {
    guard report.promptRows == 0, let way = ways.first, let seconds = costs.sweepSeconds else { return }
    let name = way.name
    guard ways.allSatisfy({ $0.name == name }) else { return }
    let forecast = language.forecast(seconds).timePerToken(of: way, sequences: ways.count)
    language.waySpeeds.record(
      name, actual: report.seconds * Double(ways.count), forecast: forecast * Double(report.tokens))
  }
}
