import Foundation
import RouterCheckpoint
import RouterImport
import RouterTensor
import Testing

/// Exit adapters that join a model on its way into the cache.
struct AdapterImportTests {
  /// Adapters for the tiny GGUF model's first exit, in a file at `path`.
  private func writeAdapter(for checkpoint: String, to path: String, tuning: String = "seed 1") throws {
    let base = try CheckpointReader(path: checkpoint)
    let width = base.metadata.configuration.width
    let record = AdapterRecord(
      kind: .linear, exits: [1], base: base.metadata, fingerprint: base.fingerprint, tuning: tuning,
      license: "Apache-2.0")
    try AdapterFile.write(
      to: path, record: record,
      tensors: ExitAdapterKind.linear.parts(width: width).map { part in
        AdapterFile.Tensor(
          name: TensorName.adapter(exit: 1, part.name), shape: part.shape,
          values: [Float](repeating: 0.5, count: part.shape.reduce(1, *)))
      }, base: base.metadata, tool: "tests", encoding: .q8)
  }

  /// A GGUF file, its checkpoint, and adapters for it.
  private func withModel(_ body: (_ gguf: String, _ checkpoint: String, _ adapter: String) throws -> Void)
    throws
  {
    try Fixture.withFile(GGUFBuilder.llama(layers: 2).bytes) { gguf in
      let (checkpoint, adapter) = ("\(gguf).zst", "\(gguf).adapter")
      _ = try Importer.importModel(
        from: .gguf(gguf), to: checkpoint, options: ImportOptions(exits: exits(gguf)))
      try writeAdapter(for: checkpoint, to: adapter)
      try body(gguf, checkpoint, adapter)
    }
  }

  /// All layers of the tiny model.
  private func exits(_ gguf: String) throws -> [Int] {
    Array(1...(try GGUFModel.open(path: gguf)).configuration.layerCount)
  }

  @Test func importingWithAdaptersIsImportingAndMerging() throws {
    try withModel { gguf, checkpoint, adapter in
      let (direct, merged) = ("\(gguf).direct", "\(gguf).merged")
      _ = try Importer.importModel(
        from: .gguf(gguf), to: direct, options: ImportOptions(exits: exits(gguf), adapter: adapter))
      try AdapterMerge.merge(AdapterFile(path: adapter), into: checkpoint, to: merged)
      let content = try Data(contentsOf: URL(fileURLWithPath: direct))
      #expect(try content == Data(contentsOf: URL(fileURLWithPath: merged)))
      #expect(try CheckpointReader(path: direct).metadata.adapter?.exits == [1])
    }
  }

  @Test func adaptersOfAnotherEncodingAreRefused() throws {
    try withModel { gguf, _, adapter in
      let error = #expect(throws: ImportError.self) {
        try Importer.importModel(
          from: .gguf(gguf), to: "\(gguf).f32",
          options: ImportOptions(quantization: .all(.f32), exits: exits(gguf), adapter: adapter))
      }
      #expect(error?.code == .invalidOption && error?.location?.file == adapter)
      #expect(!FileManager.default.fileExists(atPath: "\(gguf).f32"))
    }
  }

  @Test func aMissingFileThatWasNamedIsAnError() throws {
    let model = DefaultModel.smolLM2
    let error = #expect(throws: ImportError.self) {
      _ = try AdapterChoice.file("/no/such/file").resolve(for: model)
    }
    #expect(error?.location?.file == "/no/such/file")
  }

  @Test func withoutShippedAdaptersThereIsAWarning() throws {
    let found = try AdapterChoice.shipped(executable: "/nowhere/router").resolve(for: .smolLM2)
    #expect(found.file == nil && found.warnings.count == 1)
    #expect(found.warnings.first?.contains("--adapter") == true)
    #expect(try AdapterChoice.none.resolve(for: .smolLM2).warnings.isEmpty)
  }

  @Test func shippedAdaptersLieBesideTheProgram() throws {
    try withModel { gguf, _, adapter in
      let directory = URL(fileURLWithPath: gguf).deletingLastPathComponent().path
      for place in ["router_RouterImport.resources/Adapters", ".", "../share/router/adapters"] {
        let home = "\(directory)/\(place.count)/bin"
        let folder = "\(home)/\(place)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let name = DefaultModel.smolLM2.adapterName
        try FileManager.default.copyItem(atPath: adapter, toPath: "\(folder)/\(name)")
        let found = try AdapterChoice.shipped(executable: "\(home)/router").resolve(for: .smolLM2)
        #expect(found.file?.record.exits == [1] && found.warnings.isEmpty)
        // A damaged one is left out with a warning.
        try Data("damaged".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        let damaged = try AdapterChoice.shipped(executable: "\(home)/router").resolve(for: .smolLM2)
        #expect(damaged.file == nil && damaged.warnings.count == 1)
      }
    }
  }

  @Test(.enabled(if: PullSite.unpacker != nil, "unpacking needs python3 or unzip"))
  func aPulledModelGetsAdaptersLaterWithoutAnotherDownload() throws {
    try Fixture.withDirectory { directory in
      let site = try PullSite(directory, layers: 2)
      try site.installTools()
      var options = site.options()
      options.importing.exits = [1, 2]
      let plain = try site.model.pull(into: site.cache, options: options)
      #expect(!plain.hasAdapter)
      let adapter = "\(directory)/adapter"
      try writeAdapter(for: plain.path, to: adapter)
      options.adapter = .file(adapter)
      let joined = try site.model.pull(into: site.cache, options: options)
      #expect(joined.hasAdapter && joined.report == nil && site.downloads == 1)
      let record = try CheckpointReader(path: joined.path).metadata.adapter
      #expect(record?.tuning == "seed 1")
      // Newer adapters replace those that are there; a fresh pull ends in the same model.
      try writeAdapter(for: plain.path, to: adapter, tuning: "seed 2")
      _ = try site.model.pull(into: site.cache, options: options)
      #expect(try CheckpointReader(path: joined.path).metadata.adapter?.tuning == "seed 2")
      let fingerprint = try CheckpointReader(path: joined.path).fingerprint
      options.force = true
      #expect(try site.model.pull(into: site.cache, options: options).hasAdapter)
      #expect(try CheckpointReader(path: joined.path).fingerprint == fingerprint)
      #expect(site.cached == ["Tiny.safetensors.zst"])
    }
  }
}
