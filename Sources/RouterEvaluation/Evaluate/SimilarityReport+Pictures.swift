import RouterPictures

extension SimilarityReport {
  /// The divergences and the cosines as pictures, one row for each pair of sub-models.
  package var heatMaps: (divergence: HeatMap, cosine: HeatMap) {
    func map(_ title: String, _ values: (Pair) -> [Double?]) -> HeatMap {
      HeatMap(
        title: title, columnTitle: "output position", columns: (0..<positions).map(String.init),
        rows: pairs.map { (label: "\($0.shallow) - \($0.deep)", values: values($0)) })
    }
    return (
      map("KL(deep || shallow) of next-token distributions, nats", \.divergence),
      map("cosine of the states that the head reads", \.cosine)
    )
  }
}
