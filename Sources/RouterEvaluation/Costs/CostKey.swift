import Foundation
import RouterCheckpoint
import RouterModel
import RouterTensor

/// What a cost model is valid for: other weights, another machine or other threads have other costs.
package struct CostKey: Sendable, Equatable, Codable {
  /// Identity of the weights.
  package let fingerprint: String
  /// Layers that are loaded.
  package let layers: Int
  package let processor: Processor
  package let threads: Int
  /// Instruction set of the kernels.
  package let kernels: String
  package let precision: ActivationPrecision
  /// How keys and values are held.
  package let keyValues: CacheElement
  /// Version of the program.
  package let tool: String

  /// - Parameters:
  ///   - fingerprint: identity of the weights.
  ///   - tool: version of the program.
  package init(_ model: LlamaModel, fingerprint: String, tool: String, processor: Processor = .current) {
    self.fingerprint = fingerprint
    self.processor = processor
    self.tool = tool
    layers = model.layerCount
    threads = model.matmul.team.threadCount
    kernels = model.matmul.kernels.name
    precision = model.matmul.precision
    keyValues = model.fittingCacheElement
  }

  /// A short name that differs where the key does.
  var digest: String {
    let text = [
      fingerprint, "\(layers)", processor.name, "\(processor.cores)", "\(threads)", kernels,
      precision.rawValue, keyValues.rawValue, tool,
    ].joined(separator: "\n")
    return String(SHA256Digest.hex(of: Data(text.utf8)).prefix(16))
  }
}
