import RouterCheckpoint
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Exit adapters as files of their own and within a model's.
struct AdapterFileTests {
  /// A model of 3 layers with exits 1, 2, 3, an adapter file for its exits 1 and 2, and where they lie.
  private struct Site {
    let directory: TemporaryDirectory
    var model: String { directory.file("model") }
    var adapter: String { directory.file("adapter") }
    var merged: String { directory.file("merged") }

    init(_ kind: ExitAdapterKind = .linear, planar: Bool = false) throws {
      directory = try TemporaryDirectory()
      try Self.writeModel(to: directory.file("model"), planar: planar)
      try Self.writeAdapter(kind, for: directory.file("model"), to: directory.file("adapter"))
    }

    static func writeModel(to path: String, seed: UInt64 = 1, planar: Bool = false) throws {
      var model = try sampleModel(seed: seed)
      model.metadata = try metadata(exits: [1, 2, 3])
      try model.write(to: path, options: .init(planar: planar))
    }

    static func writeAdapter(
      _ kind: ExitAdapterKind, for model: String, to path: String, dropping: String? = nil
    ) throws {
      let base = try CheckpointReader(path: model)
      let record = AdapterRecord(
        kind: kind, exits: [1, 2], base: base.metadata, fingerprint: base.fingerprint, tuning: "seed 1",
        license: "Apache-2.0")
      var generator = SplitMix64(seed: 5)
      let tensors = [1, 2].flatMap { exit in
        kind.parts(width: 32).map { part in
          AdapterFile.Tensor(
            name: TensorName.adapter(exit: exit, part.name), shape: part.shape,
            values: (0..<part.shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) })
        }
      }
      try AdapterFile.write(
        to: path, record: record, tensors: tensors.filter { $0.name != dropping }, base: base.metadata,
        tool: "tests", encoding: .q8)
    }
  }

  @Test(arguments: [ExitAdapterKind.linear, .gated(inner: 64)], [false, true])
  func mergingAndTakingOutGivesBothBack(kind: ExitAdapterKind, planar: Bool) throws {
    let site = try Site(kind, planar: planar)
    try AdapterMerge.merge(AdapterFile(path: site.adapter), into: site.model, to: site.merged)
    let merged = try CheckpointReader(path: site.merged)
    #expect(merged.metadata.adapter?.kind == kind && merged.metadata.adapter?.exits == [1, 2])
    #expect(try merged.fingerprint != CheckpointReader(path: site.model).fingerprint)

    let (again, back) = (site.directory.file("again"), site.directory.file("back"))
    try AdapterMerge.extract(from: site.merged, to: again, tool: "tests")
    try AdapterMerge.remove(from: site.merged, to: back)
    #expect(try fileBytes(again) == fileBytes(site.adapter))
    #expect(try fileBytes(back) == fileBytes(site.model))
    // New adapters replace old ones.
    try AdapterMerge.merge(AdapterFile(path: again), into: site.merged, to: back)
    #expect(try fileBytes(back) == fileBytes(site.merged))
  }

  /// A model with adapters has the weights that it had without: what is trained on one fits the other.
  @Test func adaptersTrainedOnAModelThatHasSomeFitTheModelWithout() throws {
    let site = try Site()
    let again = site.directory.file("again")
    try AdapterMerge.merge(AdapterFile(path: site.adapter), into: site.model, to: site.merged)
    try Site.writeAdapter(.gated(inner: 64), for: site.merged, to: again)
    for model in [site.model, site.merged] {
      try AdapterMerge.merge(AdapterFile(path: again), into: model, to: site.directory.file("both"))
    }
  }

  /// Drafts come and go with the adapters, and others take their place.
  @Test func draftsAreMergedAndTakenOutWithTheAdapters() throws {
    let site = try Site()
    let (first, second) = (site.directory.file("first"), site.directory.file("second"))
    try AdapterFile(path: site.adapter).write(
      to: first, drafts: [UInt32](repeating: 7, count: 32), from: "one answer", tool: "tests")
    let slots = (0..<16).map { UInt32($0) << 28 | 5 }
    try AdapterFile(path: first).write(to: second, drafts: slots, from: "two answers", tool: "tests")
    let origin = try AdapterFile(path: second).record.tuning
    #expect(origin == (try AdapterFile(path: site.adapter).record.tuning) + "; guesses: two answers")
    try AdapterMerge.merge(AdapterFile(path: second), into: site.model, to: site.merged)
    let table = try #require(try CheckpointReader(path: site.merged).load()[TensorName.drafts])
    #expect(table.descriptor.dtype == .i32 && table.descriptor.shape == [16])
    #expect(Array(table.buffer.elements(of: UInt32.self)) == slots)
    let back = site.directory.file("back")
    try AdapterMerge.remove(from: site.merged, to: back)
    #expect(try fileBytes(back) == fileBytes(site.model))
  }

  /// A narrow head comes and goes with the adapters, another takes its place, and drafts stay.
  @Test func aNarrowHeadIsMergedAndTakenOutWithTheAdapters() throws {
    let site = try Site()
    let (drafted, first, second) = (
      site.directory.file("drafted"), site.directory.file("first"), site.directory.file("second")
    )
    try AdapterFile(path: site.adapter).write(
      to: drafted, drafts: [UInt32](repeating: 7, count: 32), from: "one answer", tool: "tests")
    func centre(_ value: Float) -> [PendingTensor] {
      PendingTensor.encoding(
        TensorName.narrowHead(.centre), shape: [32], values: .init(repeating: value, count: 32), as: .f32)
    }
    let model = try CheckpointReader(path: site.model)
    try AdapterFile.write(
      to: first, narrowHead: centre(1), from: "some tokens", beside: AdapterFile(path: drafted), of: model,
      tool: "tests")
    try AdapterMerge.merge(AdapterFile(path: first), into: site.model, to: site.merged)
    // The model's own adapters, where none are given.
    try AdapterFile.write(
      to: second, narrowHead: centre(2), from: "more tokens", beside: nil,
      of: CheckpointReader(path: site.merged), tool: "tests")
    let file = try AdapterFile(path: second)
    #expect(
      file.record.tuning == (try AdapterFile(path: site.adapter).record.tuning)
        + "; guesses: one answer; narrow head: more tokens")
    try AdapterMerge.merge(file, into: site.merged, to: site.directory.file("again"))
    let tensors = try CheckpointReader(path: site.directory.file("again")).load()
    #expect(tensors[TensorName.drafts] != nil)
    let values = try #require(tensors[TensorName.narrowHead(.centre)])
    #expect(Array(values.buffer.elements(of: Float.self)) == [Float](repeating: 2, count: 32))
    // Drafts are replaced beside it, and its note stays.
    try file.write(to: drafted, drafts: [UInt32](repeating: 1, count: 16), from: "two answers", tool: "tests")
    #expect(
      try AdapterFile(path: drafted).record.tuning.hasSuffix(
        "; guesses: two answers; narrow head: more tokens"))
    let back = site.directory.file("back")
    try AdapterMerge.remove(from: site.directory.file("again"), to: back)
    #expect(try fileBytes(back) == fileBytes(site.model))
  }

  /// A model without adapters may have a narrow head alone, and another model's is refused.
  @Test func aNarrowHeadNeedsNoAdapters() throws {
    let site = try Site()
    let centre = PendingTensor.encoding(
      TensorName.narrowHead(.centre), shape: [32], values: .init(repeating: 1, count: 32), as: .f32)
    let alone = site.directory.file("alone")
    try AdapterFile.write(
      to: alone, narrowHead: centre, from: "some tokens", beside: nil, of: CheckpointReader(path: site.model),
      tool: "tests")
    try AdapterMerge.merge(AdapterFile(path: alone), into: site.model, to: site.merged)
    let merged = try CheckpointReader(path: site.merged)
    #expect(merged.metadata.adapter?.exits == [])
    #expect(try merged.load()[TensorName.narrowHead(.centre)] != nil)
    let other = site.directory.file("other")
    try Site.writeModel(to: other, seed: 2)
    let error = failure { () throws(CheckpointError) in
      try AdapterMerge.merge(AdapterFile(path: alone), into: other, to: site.merged)
    }
    #expect(error?.code == .invalidRequest)
  }

  /// A prefix of the file is a sub-model, adapters included.
  @Test func anAdapterLiesWithTheLayerBeforeItsExit() throws {
    let site = try Site()
    try AdapterMerge.merge(AdapterFile(path: site.adapter), into: site.model, to: site.merged)
    let reader = try CheckpointReader(path: site.merged)
    for descriptor in reader.tensors where TensorName.isOfExit(descriptor.name) {
      #expect(descriptor.layer == (descriptor.name.hasPrefix("exits.1.") ? 1 : 2))
    }
    let names = Set(try reader.load(throughLayer: 1).names)
    #expect(names.contains(TensorName.adapter(exit: 1, "linear.weight")))
    #expect(!names.contains(TensorName.adapter(exit: 2, "linear.weight")))
  }

  @Test func eachKindOfFileIsRefusedInThePlaceOfTheOther() throws {
    let site = try Site()
    let asModel = failure { () throws(CheckpointError) in _ = try CheckpointReader(path: site.adapter) }
    #expect(asModel?.code == .invalidRequest && asModel?.location.file == site.adapter)
    #expect(asModel?.description.contains("router adapter merge") == true)
    let asAdapter = failure { () throws(CheckpointError) in _ = try AdapterFile(path: site.model) }
    #expect(asAdapter?.code == .invalidRequest && asAdapter?.location.file == site.model)
  }

  /// Adapters fit the checkpoint that they were trained on, and no other without the hash of a source.
  @Test func adaptersForOtherWeightsAreRefused() throws {
    let site = try Site()
    let other = site.directory.file("other")
    try Site.writeModel(to: other, seed: 2)
    let adapter = try AdapterFile(path: site.adapter)
    let error = failure { () throws(CheckpointError) in
      try AdapterMerge.merge(adapter, into: other, to: site.merged)
    }
    #expect(error?.code == .invalidRequest && error?.location.file == site.adapter)
    #expect(try site.directory.contents() == ["adapter", "model", "other"])
  }

  @Test(
    arguments: [("x", "x", "q4", "q4", true), ("x", "y", "q4", "q4", false), ("x", "x", "q4", "q8", false)])
  func anotherImportOfTheSameSourceFits(
    source: String, base: String, quantization: String, baseQuantization: String, fits: Bool
  ) throws {
    func metadata(_ hash: String, _ quantization: String) throws -> CheckpointMetadata {
      try CheckpointMetadata(
        name: "tiny", configuration: configuration(), exits: [1, 3], tokenizer: "{}",
        quantization: quantization, provenance: Provenance(source: "s", sourceSHA256: hash, tool: "t"))
    }
    let record = AdapterRecord(
      kind: .linear, exits: [1], base: try metadata(base, baseQuantization), fingerprint: "f", tuning: "",
      license: nil)
    #expect(try record.fits(metadata(source, quantization), fingerprint: nil) == fits)
    #expect(try record.fits(metadata(source, quantization), fingerprint: "f"))
  }

  @Test func anIncompleteAdapterIsRefused() throws {
    let site = try Site()
    let missing = TensorName.adapter(exit: 2, "linear.bias")
    try Site.writeAdapter(.linear, for: site.model, to: site.adapter, dropping: missing)
    let error = failure { () throws(CheckpointError) in _ = try AdapterFile(path: site.adapter) }
    #expect(error?.code == .missingTensor && error?.location.tensor == missing)
  }

  @Test func aDamagedAdapterIsRefused() throws {
    let site = try Site()
    var content = try fileBytes(site.adapter)
    content[content.count / 2] ^= 1
    let path = try site.directory.write(content, as: "damaged")
    let error = failure { () throws(CheckpointError) in _ = try AdapterFile(path: path) }
    #expect(error?.location.file == path)
  }

  @Test(arguments: [[3], [2, 1], [1, 1], [4]])
  func anExitThatCannotHaveAnAdapterIsRefused(exits: [Int]) throws {
    let base = try metadata(exits: [1, 2, 3])
    let record = AdapterRecord(
      kind: .linear, exits: exits, base: base, fingerprint: "", tuning: "", license: nil)
    #expect(failure { () throws(CheckpointError) in _ = try base.with(record) }?.code == .invalidMetadata)
  }

  @Test func anInnerWidthBeyondTheModelsIsRefused() throws {
    let base = try metadata(exits: [1, 2, 3])
    let record = AdapterRecord(
      kind: .gated(inner: 65), exits: [1], base: base, fingerprint: "", tuning: "", license: nil)
    #expect(failure { () throws(CheckpointError) in _ = try base.with(record) }?.code == .invalidMetadata)
  }

  @Test(arguments: [("linear", ExitAdapterKind.linear), ("gated:384", .gated(inner: 384))])
  func aKindIsWrittenAsText(text: String, kind: ExitAdapterKind) {
    #expect(ExitAdapterKind(text) == kind && kind.description == text)
  }

  @Test(arguments: ["", "gated", "gated:", "gated:0", "gated:-1", "gated:999999", "Linear", "linear:2"])
  func otherTextIsNoKind(text: String) { #expect(ExitAdapterKind(text) == nil) }
}
