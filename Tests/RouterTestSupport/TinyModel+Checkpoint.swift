import RouterCheckpoint
import RouterTensor

extension TinyModel {
  /// What a checkpoint of the model says about it.
  package var metadata: CheckpointMetadata {
    get throws {
      try CheckpointMetadata(
        name: "tiny", configuration: configuration, exits: exits, tokenizer: "{}", quantization: "f32",
        provenance: Provenance(source: "fixture", tool: "tests"))
    }
  }

  /// Writes the model, in f32, to a checkpoint at `path`, with its adapters.
  package func write(to path: String) throws {
    let trunk = TensorTable(configuration).entries.flatMap { Self.pending($0.name, $0.shape) }
    guard let adapterKind else {
      return try CheckpointWriter.write(to: path, metadata: metadata, tensors: trunk)
    }
    // The adapters' record names the fingerprint of the model without them.
    let bare = path + ".bare"
    try CheckpointWriter.write(to: bare, metadata: metadata, tensors: trunk)
    let record = AdapterRecord(
      kind: adapterKind, exits: exits.dropLast(), base: try metadata,
      fingerprint: try CheckpointReader(path: bare).fingerprint, tuning: "made by a test", license: nil)
    let adapters = exits.dropLast().flatMap { exit in
      adapterKind.parts(width: configuration.width).flatMap {
        Self.pending(TensorName.adapter(exit: exit, $0.name), $0.shape)
      }
    }
    try CheckpointWriter.write(to: path, metadata: metadata.with(record), tensors: trunk + adapters)
  }

  private static func pending(_ name: String, _ shape: [Int]) -> [PendingTensor] {
    PendingTensor.encoding(
      name, shape: shape, values: FixtureWeights.elements(of: name, count: shape.reduce(1, *)), as: .f32)
  }
}
