import Foundation
import RouterCheckpoint
import RouterTensor

/// Cosines and sines of the rotary position embedding, f32 `[positions, K / 2]` each.
package struct RotaryTable: Sendable {
  /// Positions that the tables have.
  package let positions: Int
  private let cosines: AlignedBuffer
  private let sines: AlignedBuffer
  private let half: Int

  /// Tables for positions 0 ..< `positions`.
  package init(configuration: ModelConfiguration, positions: Int) {
    half = configuration.headWidth / 2
    self.positions = positions
    cosines = AlignedBuffer(byteCount: positions * half * 4)
    sines = AlignedBuffer(byteCount: positions * half * 4)
    let frequencies = Self.frequencies(configuration.rotary, headWidth: configuration.headWidth)
    let (c, s) = (cosines.elements(of: Float.self), sines.elements(of: Float.self))
    for position in 0..<positions {
      for (i, frequency) in frequencies.enumerated() {
        let angle = Double(position) * frequency
        c[position * half + i] = Float(cos(angle))
        s[position * half + i] = Float(sin(angle))
      }
    }
  }

  /// f32 `[K / 2]`
  package func cosines(at position: Int) -> UnsafePointer<Float> {
    UnsafePointer(cosines.pointer.assumingMemoryBound(to: Float.self) + position * half)
  }

  /// f32 `[K / 2]`
  package func sines(at position: Int) -> UnsafePointer<Float> {
    UnsafePointer(sines.pointer.assumingMemoryBound(to: Float.self) + position * half)
  }

  /// Radians a position for each pair, `[K / 2]`.
  ///
  /// The llama3 scaling is that of Llama 3.1: wavelengths beyond `original / low` are stretched by `factor`,
  /// those below `original / high` stay, and those between are blended linearly in `original / wavelength`.
  static func frequencies(_ rotary: RotaryEmbedding, headWidth: Int) -> [Double] {
    (0..<headWidth / 2).map { i in
      let frequency = pow(rotary.base, -2 * Double(i) / Double(headWidth))
      switch rotary.scaling {
      case .none: return frequency
      case .linear(let factor): return frequency / factor
      case .llama3(let factor, let low, let high, let original):
        let wavelength = 2 * Double.pi / frequency
        let turns = Double(original) / wavelength
        if turns < low { return frequency / factor }
        if turns > high { return frequency }
        let blend = (turns - low) / (high - low)
        return (1 - blend) * frequency / factor + blend * frequency
      }
    }
  }
}
