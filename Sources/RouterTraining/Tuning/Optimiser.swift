import Foundation
import RouterTensor

/// AdamW over one block of parameters, with clipping by the gradients' global norm.
package final class Optimiser {
  /// f32 `[count]`: the parameters.
  package let values: AlignedBuffer
  /// f32 `[count]`
  let gradients: AlignedBuffer
  let moments: Moments
  private let rule: AdamW
  private let clipNorm: Float
  private let seed: UInt64
  private let team: ThreadTeam
  private let parts: [(range: Range<Int>, decays: Bool)]
  /// From this parameter on, the learning rate is multiplied by the settings' adapter rate.
  private let adapterStart: Int
  private let adapterRate: Float
  private let rooms: ScratchPool

  private static let partSize = 1 << 15

  /// - Parameters:
  ///   - undecayed: parts of the block, ascending, that weight decay leaves alone.
  ///   - adapterStart: where adapters begin in the block; nil if there are none.
  init(
    values: AlignedBuffer, undecayed: [Range<Int>], adapterStart: Int? = nil, settings: TuningSettings,
    team: ThreadTeam
  ) {
    self.values = values
    let adapterStart = adapterStart ?? values.floatCount
    self.adapterStart = adapterStart
    adapterRate = settings.adapterRate
    self.team = team
    gradients = AlignedBuffer(floats: values.floatCount)
    moments = Moments(count: values.floatCount, isBF16: settings.bf16Moments)
    rule = AdamW(beta2: settings.beta2, weightDecay: settings.weightDecay)
    clipNorm = settings.clipNorm
    seed = settings.seed
    rooms = ScratchPool(floatCount: settings.bf16Moments ? 2 * Self.partSize : 0)
    var parts: [(range: Range<Int>, decays: Bool)] = []
    func add(_ range: Range<Int>, _ decays: Bool) {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.partSize) {
        parts.append((start..<min(start + Self.partSize, range.upperBound), decays))
      }
    }
    var end = 0
    for range in undecayed {
      add(end..<range.lowerBound, true)
      add(range, false)
      end = range.upperBound
    }
    add(end..<values.floatCount, true)
    // No part holds weights and adapters: their rates differ.
    self.parts = parts.flatMap { part in
      let cut = min(max(adapterStart, part.range.lowerBound), part.range.upperBound)
      return [part.range.lowerBound..<cut, cut..<part.range.upperBound].filter { !$0.isEmpty }
        .map { ($0, part.decays) }
    }
  }

  /// Sets the gradients to zero.
  func clear() {
    team.run(chunks: parts.count) { part in
      let range = parts[part].range
      (gradients.floats + range.lowerBound).update(repeating: 0, count: range.count)
    }
  }

  /// The gradients' global norm.
  func gradientNorm() -> Float {
    var sums = [Double](repeating: 0, count: parts.count)
    sums.withUnsafeMutableBufferPointer { sums in
      team.run(chunks: parts.count) { part in
        let start = gradients.floats + parts[part].range.lowerBound
        sums[part] = Double(Vectors.dot(start, start, parts[part].range.count))
      }
    }
    return Float(sums.reduce(0, +).squareRoot())
  }

  /// Applies step number `step`, counted from 1, of gradients with the given norm.
  func apply(step: Int, learningRate: Float, norm: Float) {
    let scale = norm > clipNorm ? clipNorm / norm : 1
    team.run(chunks: parts.count) { part in
      let (range, decays) = parts[part]
      var rule = rule
      if !decays { rule.weightDecay = 0 }
      let start = range.lowerBound
      rooms.withBlock { room in
        moments.update(
          start: start, count: range.count, seed: seed &+ UInt64(step) &* 0x9E37_79B9_7F4A_7C15, room: room
        ) { first, second in
          rule.apply(
            step: step, learningRate: start < adapterStart ? learningRate : learningRate * adapterRate,
            gradientScale: scale, start: 0, count: range.count,
            parameters: values.floats + start, gradients: gradients.floats + start, first: first,
            second: second)
        }
      }
    }
  }
}
