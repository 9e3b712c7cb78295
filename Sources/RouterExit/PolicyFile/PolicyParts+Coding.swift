// The nested objects of a policy file. They are written as they are declared, with nulls spelled out, and
// read through StrictObject, which refuses unknown fields.

extension ThresholdDecay {
  init(_ object: StrictObject) throws {
    try object.allow(["tau", "length"], for: "a decay")
    try self.init(tau: try object.required("tau"), length: try object.required("length"))
  }
}

extension PolicyDecoder {
  init(_ object: StrictObject) throws {
    try object.allow(["mode", "kv", "kvType"], for: "a decoder")
    self.init(
      mode: try object.choice("mode"), keyValues: try object.choice("kv"),
      keyValueType: try object.optionalChoice("kvType") ?? .f16)
  }
}

extension PolicyGuarantee: Encodable {
  init(_ object: StrictObject) throws {
    try object.allow(
      [
        "metric", "risk", "delta", "prompts", "method", "bound", "empiricalRisk", "heldOutRisk",
        "heldOutPrompts", "maximumTokens",
      ], for: "a guarantee")
    try self.init(
      metric: try object.required("metric"), risk: try object.required("risk"),
      delta: try object.required("delta"), prompts: try object.required("prompts"),
      method: try object.required("method"), bound: try object.required("bound"),
      empiricalRisk: try object.required("empiricalRisk"),
      heldOutRisk: try object.optional("heldOutRisk"),
      heldOutPrompts: try object.optional("heldOutPrompts"),
      maximumTokens: try object.required("maximumTokens"))
  }

  /// Writes every field, absent ones as null.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: FieldKey.self)
    try object.encode(metric, forKey: "metric")
    try object.encode(risk, forKey: "risk")
    try object.encode(delta, forKey: "delta")
    try object.encode(prompts, forKey: "prompts")
    try object.encode(method, forKey: "method")
    try object.encode(bound, forKey: "bound")
    try object.encode(empiricalRisk, forKey: "empiricalRisk")
    try object.encode(heldOutRisk, forKey: "heldOutRisk")
    try object.encode(heldOutPrompts, forKey: "heldOutPrompts")
    try object.encode(maximumTokens, forKey: "maximumTokens")
  }
}

extension PolicyMeasurements: Encodable {
  init(_ object: StrictObject) throws {
    try object.allow(
      ["meanDepth", "tokensPerSecond", "fullTokensPerSecond", "headCostInLayers", "machine", "risk"],
      for: "measurements")
    try self.init(
      meanDepth: try object.required("meanDepth"),
      tokensPerSecond: try object.optional("tokensPerSecond"),
      fullTokensPerSecond: try object.optional("fullTokensPerSecond"),
      headCostInLayers: try object.optional("headCostInLayers"), machine: try object.optional("machine"),
      risk: try object.optionalObject("risk").map(MeasuredRisk.init))
  }

  /// Writes every field that was measured.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: FieldKey.self)
    try object.encode(meanDepth, forKey: "meanDepth")
    try object.encodeIfPresent(tokensPerSecond, forKey: "tokensPerSecond")
    try object.encodeIfPresent(fullTokensPerSecond, forKey: "fullTokensPerSecond")
    try object.encodeIfPresent(headCostInLayers, forKey: "headCostInLayers")
    try object.encodeIfPresent(machine, forKey: "machine")
    try object.encodeIfPresent(risk, forKey: "risk")
  }
}

extension MeasuredRisk {
  init(_ object: StrictObject) throws {
    try object.allow(["metric", "mean", "low", "high", "confidence", "prompts"], for: "a measured risk")
    try self.init(
      metric: try object.required("metric"), mean: try object.required("mean"),
      low: try object.required("low"), high: try object.required("high"),
      confidence: try object.required("confidence"), prompts: try object.required("prompts"))
  }
}

extension PolicyProvenance {
  init(_ object: StrictObject) throws {
    try object.allow(
      ["model", "modelSHA256", "data", "dataSHA256", "tool", "command"], for: "a provenance")
    try self.init(
      model: try object.optional("model"), modelSHA256: try object.optional("modelSHA256"),
      data: try object.optional("data"), dataSHA256: try object.optional("dataSHA256"),
      tool: try object.optional("tool"), command: try object.optional("command"))
  }
}
