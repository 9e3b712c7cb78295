#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// In JSON a learned estimator is
// {"name", "reads": "hidden", "width", "units" (mlp only), "networks": [{"exit", "parameters", "measured"}]},
// its parameters little-endian f32 in base64.
extension LearnedEstimator {
  static let fields: Set = ["name", "reads", "width", "units", "networks"]

  /// Reads an estimator that is a learned one.
  init(checking object: StrictObject) throws {
    let name: String = try object.required("name")
    guard let kind = Kind(rawValue: name) else {
      throw PolicyError(
        code: .unsupportedKind, what: "there is no learned estimator `\(name.prefix(80))`",
        location: object.path("name"),
        remedy: "Use one of: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    try object.allow(Self.fields, for: "a learned estimator")
    try PolicyFile.checkReads(object, name: name, .hidden)
    try self.init(object, kind: kind)
  }

  private init(_ object: StrictObject, kind: Kind) throws {
    try self.init(
      kind: kind, width: try object.required("width"), units: try object.optional("units") ?? 0,
      networks: try object.requiredObjects("networks").map(Network.init))
  }

  func encode(to object: inout KeyedEncodingContainer<FieldKey>) throws {
    try object.encode(width, forKey: "width")
    if units > 0 { try object.encode(units, forKey: "units") }
    try object.encode(networks, forKey: "networks")
  }
}

/// In JSON a gate is {"estimator", "thresholds"}, its estimator a learned one.
extension ExitGate: Encodable {
  init(_ object: StrictObject) throws {
    try object.allow(["estimator", "thresholds"], for: "a gate")
    self.init(
      estimator: try LearnedEstimator(checking: try object.requiredObject("estimator")),
      thresholds: try object.required("thresholds"))
  }

  /// Writes the estimator and the thresholds.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: FieldKey.self)
    var estimator = object.nestedContainer(keyedBy: FieldKey.self, forKey: "estimator")
    try estimator.encode(self.estimator.kind.rawValue, forKey: "name")
    try estimator.encode(ExitEstimator.Input.hidden, forKey: "reads")
    try self.estimator.encode(to: &estimator)
    try object.encode(thresholds, forKey: "thresholds")
  }
}

extension LearnedEstimator.Network: Encodable {
  init(_ object: StrictObject) throws {
    try object.allow(["exit", "parameters", "measured"], for: "a network")
    let text: String = try object.required("parameters")
    guard let data = Data(base64Encoded: text), data.count.isMultiple(of: 4) else {
      throw PolicyError(
        code: .invalidValue, what: "the parameters are not f32 numbers in base64",
        location: object.path("parameters"), remedy: "Recalibrate with `router calibrate`.")
    }
    let bytes = [UInt8](data)
    let parameters = stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
    self.init(
      depth: try object.required("exit"), parameters: parameters,
      quality: try object.optionalObject("measured").map(EstimatorQuality.init))
  }

  /// Writes the depth, the parameters in base64 and what was measured.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: FieldKey.self)
    let bytes = parameters.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
    }
    try object.encode(depth, forKey: "exit")
    try object.encode(Data(bytes).base64EncodedString(), forKey: "parameters")
    try object.encode(quality, forKey: "measured")
  }
}

extension EstimatorQuality {
  init(_ object: StrictObject) throws {
    try object.allow(
      ["tokens", "agreement", "auc", "brier", "calibrationError"], for: "an estimator's measurements")
    try self.init(
      tokens: try object.required("tokens"), agreement: try object.required("agreement"),
      auc: try object.required("auc"), brier: try object.required("brier"),
      calibrationError: try object.required("calibrationError"))
  }
}
