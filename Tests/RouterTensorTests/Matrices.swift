import RouterRandom
import RouterTensor
import RouterTestSupport

/// Weight matrices of random content in every encoding.
enum Matrices {
  static func make(
    _ encoding: WeightEncoding, rows: Int, columns: Int, seed: UInt64, team: ThreadTeam
  ) -> WeightMatrix {
    var random = SplitMix64(seed: seed)
    let source = random.floats(rows * columns)
    return WeightMatrix(EncodedMatrix(source, as: encoding, rows: rows, columns: columns), team: team)
  }
}
