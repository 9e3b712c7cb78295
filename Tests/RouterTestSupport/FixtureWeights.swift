import RouterCheckpoint
import RouterRandom

/// The weights of the tiny models: what `.ci/fixtures/model.py` and `training_reference.py` make, number for number.
package enum FixtureWeights {
  /// f32 elements of an entry of a table.
  package static func elements(of entry: TensorTable.Entry) -> [Float] {
    elements(of: entry.name, count: entry.elementCount)
  }

  /// f32 elements of the tensor called `name`: `units` times a power of two; norms are 1 plus such a number.
  package static func elements(of name: String, count: Int) -> [Float] {
    let amplitude: Float = name.hasSuffix("bias") ? 0.5 : name == TensorName.embedding ? 1 : 0.25
    let centre: Float = name.contains("norm") ? 1 : 0
    return units(name, count: count).map { centre + amplitude * $0 }
  }

  /// Multiples of 2^-23 in -1 ..< 1 that belong to a name.
  package static func units(_ name: String, count: Int) -> [Float] {
    var random = SplitMix64(name: name)
    return random.floats(count)
  }
}
