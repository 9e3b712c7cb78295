import RouterExit
import RouterRandom

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A network of `LearnedEstimator` while it learns: logistic loss, Adam (Kingma and Ba, 2015) with
/// decoupled weight decay (Loshchilov and Hutter, 2019). Forward and backward stand side by side.
package struct SmallNetwork {
  /// C, the number of inputs.
  let columns: Int
  /// U; 0 for a linear network.
  let units: Int
  /// In the order of `LearnedEstimator.Network.parameters`.
  package var parameters: [Float]
  /// What was gathered since the last step, in the same order.
  package private(set) var gradient: [Float]

  private var firstMoment: [Float]
  private var secondMoment: [Float]
  private var activations: [Float]
  private var steps = 0

  private static let rate: Float = 1e-3
  private static let decay: Float = 0.1

  /// A linear network starts at 0; hidden units start as He et al. (2015) advise for rectifiers.
  package init(columns: Int, units: Int, generator: inout SplitMix64) {
    self.columns = columns
    self.units = units
    let count = units == 0 ? columns + 1 : units * (columns + 1) + units + 1
    parameters = [Float](repeating: 0, count: count)
    for unit in 0..<units {
      let start = unit * (columns + 1)
      for column in 0..<columns {
        parameters[start + column] = Float(generator.normal() * (2 / Double(columns)).squareRoot())
      }
      parameters[units * (columns + 1) + unit] = Float(
        generator.normal() * (1 / Double(units)).squareRoot())
    }
    gradient = parameters.map { _ in 0 }
    firstMoment = gradient
    secondMoment = gradient
    activations = [Float](repeating: 0, count: units)
  }

  /// z of one row of inputs f32 `[C]`.
  package mutating func score(_ input: UnsafePointer<Float>) -> Float {
    let (columns, units) = (columns, units)
    return parameters.withUnsafeBufferPointer { parameters in
      guard let first = parameters.baseAddress else { return 0 }
      guard units > 0 else { return LearnedEstimator.dot(first, input, columns) + first[columns] }
      let output = first + units * (columns + 1)
      var z = output[units]
      for unit in 0..<units {
        let row = first + unit * (columns + 1)
        let activation = max(0, LearnedEstimator.dot(row, input, columns) + row[columns])
        activations[unit] = activation
        z += output[unit] * activation
      }
      return z
    }
  }

  /// Adds the gradient of the loss of the row that was scored last, given dloss/dz.
  package mutating func accumulate(_ input: UnsafePointer<Float>, slope: Float) {
    let (columns, units) = (columns, units)
    gradient.withUnsafeMutableBufferPointer { gradient in
      guard let first = gradient.baseAddress else { return }
      guard units > 0 else {
        Self.add(slope, input, to: first, columns)
        first[columns] += slope
        return
      }
      let output = units * (columns + 1)
      first[output + units] += slope
      for unit in 0..<units where activations[unit] > 0 {
        first[output + unit] += slope * activations[unit]
        let inner = slope * parameters[output + unit]
        let row = first + unit * (columns + 1)
        Self.add(inner, input, to: row, columns)
        row[columns] += inner
      }
    }
  }

  /// One step of Adam along the gradient that was gathered, which is forgotten.
  mutating func step() {
    steps += 1
    let (beta1, beta2): (Float, Float) = (0.9, 0.999)
    let correction1 = 1 - Float(pow(Double(beta1), Double(steps)))
    let correction2 = 1 - Float(pow(Double(beta2), Double(steps)))
    let rate = Self.rate / correction1
    let shrink = 1 - Self.rate * Self.decay
    let count = parameters.count
    parameters.withUnsafeMutableBufferPointer { parameters in
      gradient.withUnsafeMutableBufferPointer { gradient in
        firstMoment.withUnsafeMutableBufferPointer { first in
          secondMoment.withUnsafeMutableBufferPointer { second in
            for index in 0..<count {
              let slope = gradient[index]
              first[index] = beta1 * first[index] + (1 - beta1) * slope
              second[index] = beta2 * second[index] + (1 - beta2) * slope * slope
              let size = (second[index] / correction2).squareRoot() + 1e-8
              parameters[index] = parameters[index] * shrink - rate * first[index] / size
              gradient[index] = 0
            }
          }
        }
      }
    }
  }

  /// y += a x
  private static func add(
    _ a: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    let rawX = UnsafeRawPointer(x)
    let rawY = UnsafeMutableRawPointer(y)
    var index = 0
    while index + 16 <= count {
      let offset = index &* MemoryLayout<Float>.stride
      let sum =
        rawY.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
        + a * rawX.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
      rawY.storeBytes(of: sum, toByteOffset: offset, as: SIMD16<Float>.self)
      index &+= 16
    }
    while index < count {
      y[index] += a * x[index]
      index &+= 1
    }
  }
}
