extension PolicyFile: Codable {
  /// Reads and checks the JSON object described at ``PolicyFile``.
  ///
  /// - Throws: ``PolicyError``, located by its JSON path.
  public init(from decoder: any Decoder) throws {
    let file = try StrictObject(decoder)
    let format: Int = try file.required("format")
    guard (1...Self.formatVersion).contains(format) else {
      throw PolicyError(
        code: .unsupportedFormat,
        what: "policy format \(format), but this program reads formats 1 to \(Self.formatVersion)",
        location: file.path("format"),
        remedy: "Use the version of router that wrote it, or recalibrate with `router calibrate`.")
    }
    let name: String = try file.required("name")
    let kind: String = try file.required("kind")
    let common: Set = [
      "format", "name", "kind", "notes", "decoder", "guarantee", "path", "measured", "provenance",
    ]
    let rule: Rule
    switch kind {
    case "threshold":
      try file.allow(
        common.union(["estimator", "exits", "thresholds", "head", "gate", "decay"]), for: "kind `threshold`")
      rule = .threshold(
        try ThresholdPolicy(
          name: name, estimator: try Self.estimator(file), exits: try file.required("exits"),
          thresholds: try file.required("thresholds"), head: try Self.head(file),
          gate: try file.optionalObject("gate").map(ExitGate.init),
          decay: try file.optionalObject("decay").map(ThresholdDecay.init)))
    case "patience":
      try file.allow(common.union(["exits", "patience"]), for: "kind `patience`")
      rule = .patience(
        try PatiencePolicy(
          name: name, exits: try file.required("exits"), patience: try file.required("patience")))
    case "fixed":
      try file.allow(common.union(["depth"]), for: "kind `fixed`")
      rule = .fixed(try FixedDepthPolicy(name: name, depth: try file.required("depth")))
    default:
      throw PolicyError(
        code: .unsupportedKind, what: "policies of kind `\(kind.prefix(80))` are unknown",
        location: file.path("kind"), remedy: "Use threshold, patience or fixed.")
    }
    try self.init(
      rule: rule, notes: try file.optional("notes"),
      decoder: try PolicyDecoder(try file.requiredObject("decoder")),
      guarantee: try file.optionalObject("guarantee").map(PolicyGuarantee.init),
      path: try file.optionalObjects("path").map(CertifiedPoint.init),
      measured: try file.optionalObject("measured").map(PolicyMeasurements.init),
      provenance: try file.optionalObject("provenance").map(PolicyProvenance.init))
  }

  private static func head(_ file: StrictObject) throws(PolicyError) -> HeadWidth {
    guard let name: String = try file.optional("head") else { return .full }
    guard let head = HeadWidth(rawValue: name) else {
      throw PolicyError(
        code: .unsupportedKind, what: "there is no head `\(name.prefix(80))`", location: file.path("head"),
        remedy: "Use narrow or full.")
    }
    return head
  }

  private static func estimator(_ file: StrictObject) throws -> ExitEstimator {
    let object = try file.requiredObject("estimator")
    let name: String = try object.required("name")
    if LearnedEstimator.Kind(rawValue: name) != nil {
      return .learned(try LearnedEstimator(checking: object))
    }
    try object.allow(["name", "reads"], for: "an estimator")
    guard let estimator = ExitEstimator(name: name) else {
      let known = (ExitEstimator.parameterFree.map(\.name) + LearnedEstimator.Kind.allCases.map(\.rawValue))
        .joined(separator: ", ")
      throw PolicyError(
        code: .unsupportedKind, what: "there is no estimator `\(name.prefix(80))`",
        location: object.path("name"), remedy: "Use one of: \(known).")
    }
    try checkReads(object, name: name, estimator.reads)
    return estimator
  }

  static func checkReads(
    _ object: StrictObject, name: String, _ expected: ExitEstimator.Input
  ) throws(PolicyError) {
    let reads: String = try object.required("reads")
    guard reads == expected.rawValue else {
      throw PolicyError(
        code: .invalidValue,
        what: "estimator `\(name)` reads \(expected.rawValue), not `\(reads.prefix(80))`",
        location: object.path("reads"), remedy: "Write \"\(expected.rawValue)\".")
    }
  }

  /// The oldest format that has all of the file's fields, so that older programs read what they can.
  var format: Int {
    if case .threshold(let policy) = rule, policy.head != .full || policy.gate != nil { return 4 }
    if !path.isEmpty || decoder.keyValueType != .f16 { return 3 }
    if measured?.risk != nil { return 2 }
    if case .threshold(let policy) = rule, case .learned = policy.estimator { return 2 }
    return 1
  }

  /// Writes the JSON object described at ``PolicyFile``.
  public func encode(to encoder: any Encoder) throws {
    var file = encoder.container(keyedBy: FieldKey.self)
    try file.encode(format, forKey: "format")
    try file.encode(name, forKey: "name")
    try file.encodeIfPresent(notes, forKey: "notes")
    switch rule {
    case .threshold(let policy):
      try file.encode("threshold", forKey: "kind")
      var estimator = file.nestedContainer(keyedBy: FieldKey.self, forKey: "estimator")
      try estimator.encode(policy.estimator.name, forKey: "name")
      try estimator.encode(policy.estimator.reads, forKey: "reads")
      if case .learned(let learned) = policy.estimator { try learned.encode(to: &estimator) }
      if policy.head != .full { try file.encode(policy.head, forKey: "head") }
      try file.encodeIfPresent(policy.gate, forKey: "gate")
      try file.encode(policy.exits, forKey: "exits")
      try file.encode(policy.thresholds, forKey: "thresholds")
      try file.encode(policy.decay, forKey: "decay")
    case .patience(let policy):
      try file.encode("patience", forKey: "kind")
      try file.encode(policy.exits, forKey: "exits")
      try file.encode(policy.patience, forKey: "patience")
    case .fixed(let policy):
      try file.encode("fixed", forKey: "kind")
      try file.encode(policy.depth, forKey: "depth")
    }
    try file.encode(self.decoder, forKey: "decoder")
    try file.encode(guarantee, forKey: "guarantee")
    if !path.isEmpty { try file.encode(path, forKey: "path") }
    try file.encode(measured, forKey: "measured")
    try file.encode(provenance, forKey: "provenance")
  }
}
