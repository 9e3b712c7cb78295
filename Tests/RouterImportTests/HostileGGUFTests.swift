import Foundation
import RouterImport
import RouterRandom
import Testing

/// Whatever a file holds, opening it ends with a model or an `ImportError` that names the place and a remedy.
@Suite struct HostileGGUFTests {
  /// Opens a changed file and returns the error.
  private func failure(
    _ sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout GGUFBuilder) throws -> Void
  ) throws -> ImportError? {
    var builder = try GGUFBuilder.llama()
    try change(&builder)
    return try Fixture.withFile(builder.bytes) { path in
      #expect(throws: ImportError.self, sourceLocation: sourceLocation) { try GGUFModel.open(path: path) }
    }
  }

  /// Opens a changed file and checks the error's code, which key or tensor it names, and a part of its text.
  private func expect(
    _ code: ImportError.Code, item: String? = nil, _ part: String = "",
    _ sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout GGUFBuilder) throws -> Void
  ) throws {
    let error = try failure(sourceLocation, change)
    #expect(error?.code == code, sourceLocation: sourceLocation)
    #expect(error?.remedy.isEmpty == false, sourceLocation: sourceLocation)
    if let item { #expect(error?.location?.item == item, sourceLocation: sourceLocation) }
    if let what = error?.what, !part.isEmpty { #expect(what.contains(part), sourceLocation: sourceLocation) }
  }

  @Test func refusesAFileCutAtAnyByte() throws {
    let builder = try GGUFBuilder.llama()
    let bytes = builder.bytes
    let header = builder.header.count
    // Every byte of the header's start and end, and a sample of what lies between and of the data.
    var cuts = Array(0..<900)
    cuts += stride(from: 900, to: header - 700, by: 37)
    cuts += header - 700...header + 32
    cuts += stride(from: header, to: bytes.count, by: 20_011)
    cuts.append(bytes.count - 1)
    try Fixture.withFile(bytes) { path in
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      defer { try? file.close() }
      for cut in cuts.reversed() {
        try file.truncate(atOffset: UInt64(cut))
        let error = #expect(throws: ImportError.self, "cut at \(cut)") { try GGUFModel.open(path: path) }
        #expect(error?.code == .truncated, "cut at \(cut)")
        #expect(error?.location?.file == "model.gguf")
      }
    }
  }

  @Test func flippedBitsNeverCrash() throws {
    let builder = try GGUFBuilder.llama()
    var generator = SplitMix64(seed: 7)
    let header = builder.header
    try Fixture.withFile(builder.bytes) { path in
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      defer { try? file.close() }
      func write(_ byte: UInt8, at offset: Int) throws {
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([byte]))
      }
      for _ in 0..<1000 {
        let offset = Int.random(in: header.indices, using: &generator)
        try write(header[offset] ^ UInt8(1 << Int.random(in: 0..<8, using: &generator)), at: offset)
        do throws(ImportError) {
          _ = try GGUFModel.open(path: path)
        } catch {
          #expect(!error.what.isEmpty && !error.remedy.isEmpty)
        }
        try write(header[offset], at: offset)
      }
    }
  }

  @Test func refusesOtherFormatsAndVersions() throws {
    try expect(.malformed) { $0.magic = Array("GGML".utf8) }
    try expect(.unsupported, "GGUF version 1") { $0.version = 1 }
    try expect(.unsupported, "a big-endian GGUF file") { $0.version = 3 << 24 }
  }

  @Test(arguments: [UInt64.max, 1 << 63, 1 << 40, 1 << 21])
  func refusesCountsThatTheFileHasNoRoomFor(count: UInt64) throws {
    try expect(.truncated) { $0.tensorCount = count }
    try expect(.truncated) { $0.keyCount = count }
    for type: UInt32 in [0, 6, 8, 12] {
      let array = GGUFBuilder.bytes(type) + GGUFBuilder.bytes(count)
      try expect(.truncated) { $0.set("tokenizer.ggml.tokens", .raw(9, array)) }
    }
    try expect(.truncated) { $0.set("general.name", .raw(8, GGUFBuilder.bytes(count))) }
  }

  @Test func refusesMalformedValues() throws {
    let notUTF8 = GGUFBuilder.bytes(UInt64(2)) + [0xC3, 0x28]
    try expect(.malformed, "the value of \"general.name\" is not UTF-8") {
      $0.set("general.name", .raw(8, notUTF8))
    }
    try expect(.malformed) { $0.set("general.name", .raw(99, [])) }
    try expect(.malformed, "not a boolean") { $0.set("general.flag", .raw(7, [2])) }
    let nested = GGUFBuilder.bytes(UInt32(9)) + GGUFBuilder.bytes(UInt64(1))
    try expect(.unsupported, "array of arrays") { $0.set("general.name", .raw(9, nested)) }
    try expect(.malformed, "occurs twice") { $0.keys.append($0.keys[0]) }
    try expect(.malformed) { $0.keys.append(("", .u32(1))) }
    for alignment: UInt32 in [0, 3, 1 << 30] {
      try expect(.malformed, item: "general.alignment") { $0.set("general.alignment", .u32(alignment)) }
    }
  }

  @Test func refusesWrongTypesByKey() throws {
    let wrong: [(String, GGUFBuilder.Value)] = [
      ("llama.block_count", .string("1")), ("llama.rope.freq_base", .string("x")),
      ("general.architecture", .u32(1)), ("tokenizer.ggml.tokens", .u32(1)),
      ("tokenizer.ggml.add_bos_token", .u32(1)), ("tokenizer.ggml.token_type", .strings(["a"])),
    ]
    for (key, value) in wrong { try expect(.malformed, item: key) { $0.set(key, value) } }
  }

  @Test func namesMissingKeys() throws {
    for key in [
      "general.architecture", "llama.block_count", "llama.embedding_length", "llama.attention.head_count",
      "llama.feed_forward_length", "llama.context_length", "llama.attention.layer_norm_rms_epsilon",
      "tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.pre", "tokenizer.ggml.token_type",
    ] {
      try expect(.missing, item: key, "the metadata lacks \"\(key)\"") { $0.set(key, nil) }
    }
  }

  @Test func refusesTensorsOutOfPlace() throws {
    try expect(.malformed, "not aligned") { $0.tensors[1].offset = 1 }
    try expect(.truncated) { $0.tensors[1].offset = 1 << 40 }
    try expect(.malformed) { $0.tensors[1].offset = .max - 31 }
    try expect(.malformed, "overlap") { $0.tensors[1].offset = 0 }
    try expect(.malformed, "occurs twice") { $0.tensors.append($0.tensors[1]) }
    try expect(.malformed) { $0.tensors[1].shape = [] }
    try expect(.malformed) { $0.tensors[1].shape = [0] }
    try expect(.malformed) { $0.tensors[1].shape = [1, 1, 1, 1, 1] }
    try expect(.malformed) { $0.tensors[1].shape = [.max] }
    try expect(.malformed, "absurdly large") { $0.tensors[1].shape = [1 << 61, 1 << 20] }
    try expect(.malformed, "not whole Q8_0 blocks") { $0.tensors[0].shape = [264, 255] }
    try expect(.inconsistent, item: "output_norm.weight") { $0.tensors[1].shape = [128] }
  }

  @Test func refusesVectorsInBlocksAndTensorsOfHighRank() throws {
    for index in [1, 2] {
      try expect(.unsupported, "neither a matrix nor a wide vector") {
        $0.tensors[index].type = 8
        $0.tensors[index].data = [UInt8](repeating: 0, count: 8 * 34)
      }
    }
    try expect(.unsupported, "neither a matrix nor a wide vector") {
      let data = [UInt8](repeating: 0, count: 34)
      $0.tensors.append(.init(name: "blk.0.attn_output.bias", shape: [32], type: 8, data: data))
    }
    try expect(.unsupported, "neither a matrix nor a wide vector") {
      let data = [UInt8](repeating: 0, count: 64)
      $0.tensors.append(.init(name: "blk.0.attn_output.bias", shape: [4, 2, 2], data: data))
    }
  }

  @Test func refusesByNameWhatItCannotRun() throws {
    let unsupported: [(String, GGUFBuilder.Value)] = [
      ("llama.expert_count", .u32(8)), ("llama.attn_logit_softcapping", .f32(50)),
      ("llama.rope.scaling.type", .string("yarn")), ("llama.rope.dimension_count", .u32(64)),
      ("llama.attention.value_length", .u32(64)), ("llama.attention.causal", .bool(false)),
      ("llama.logit_scale", .f32(0.5)), ("split.count", .u32(2)), ("tokenizer.ggml.model", .string("t5")),
      ("tokenizer.ggml.pre", .string("tekken")), ("general.architecture", .string("gemma")),
      ("llama.feed_forward_length", .i32s([256, 128])),
    ]
    for (key, value) in unsupported { try expect(.unsupported, item: key) { $0.set(key, value) } }
    try expect(.unsupported, item: "blk.0.attn_q.weight", "has the type Q2_K") { $0.tensors[3].type = 10 }
    try expect(.missing, item: "blk.0.attn_v.weight") { $0.tensors.remove(at: 5) }
    try expect(.unsupported, item: "\"blk.0.attn_q_norm.weight\"") {
      let data = [UInt8](repeating: 0, count: 32)
      $0.tensors.append(.init(name: "blk.0.attn_q_norm.weight", shape: [8], data: data))
    }
  }

  @Test func refusesAbsurdDimensions() throws {
    let absurd: [(String, UInt32, ImportError.Code)] = [
      ("llama.block_count", .max, .inconsistent), ("llama.attention.head_count", 0, .malformed),
      ("llama.embedding_length", 0, .malformed), ("llama.attention.head_count_kv", 3, .inconsistent),
      ("llama.context_length", 0, .inconsistent), ("llama.attention.key_length", 127, .inconsistent),
    ]
    for (key, value, code) in absurd { try expect(code) { $0.set(key, .u32(value)) } }
    try expect(.inconsistent) { $0.set("llama.rope.freq_base", .f32(.nan)) }
    try expect(.inconsistent) { $0.set("llama.attention.layer_norm_rms_epsilon", .f32(-1)) }
  }

  @Test func refusesInconsistentTokenizers() throws {
    let types = "tokenizer.ggml.token_type"
    try expect(.inconsistent, item: "tokenizer.ggml.eos_token_id") {
      $0.set("tokenizer.ggml.eos_token_id", .u32(300))
    }
    try expect(.inconsistent, item: types) { $0.set(types, .i32s([1])) }
    try expect(.malformed, item: types) { $0.set(types, .i32s([Int32](repeating: 9, count: 259))) }
    try expect(.inconsistent) { $0.set("tokenizer.ggml.merges", .strings(["no such"])) }
    try expect(.inconsistent, "the tokenizer has 300 tokens, the embedding 264 rows") {
      $0.set("tokenizer.ggml.tokens", .strings((0..<300).map { "t\($0)" }))
      $0.set(types, .i32s([Int32](repeating: 1, count: 300)))
    }
  }

  @Test func refusesWeightsThatAreNotFinite() throws {
    for (type, number) in [(SourceEncoding.q80, UInt32(8)), (.q41, 3), (.f16, 1), (.q6K, 14), (.f32, 0)] {
      var builder = try GGUFBuilder.llama(type, number: number)
      // The top byte of the last f16 or f32 of the q projection's first block: infinity or NaN.
      let offset = (type.halfOffsets.last ?? 0)
      builder.tensors[3].data[offset + 1] = 0x7F
      builder.tensors[3].data[offset] = 0x80 | builder.tensors[3].data[offset]
      try Fixture.withFile(builder.bytes) { path in
        let error = #expect(throws: ImportError.self) {
          try Importer.importModel(from: .gguf(path), to: path + ".zst")
        }
        #expect(error?.location?.item == "blk.0.attn_q.weight")
        #expect(!FileManager.default.fileExists(atPath: path + ".zst"))
      }
    }
  }

  @Test func dropsZeroBiasesAndRefusesOthers() throws {
    func builder(_ value: Float) throws -> GGUFBuilder {
      var builder = try GGUFBuilder.llama()
      let data = (0..<256).flatMap { _ in GGUFBuilder.bytes(value.bitPattern) }
      builder.tensors.append(.init(name: "blk.0.attn_output.bias", shape: [256], data: data))
      return builder
    }
    try Fixture.withFile(builder(0).bytes) { path in
      let warnings = try GGUFModel.open(path: path).warnings
      #expect(warnings.contains { $0.contains("blk.0.attn_output.bias") })
    }
    try expect(.unsupported, item: "blk.0.attn_output.bias") { $0 = try builder(0.5) }
  }

  @Test func warnsAboutSettingsItDoesNotKnow() throws {
    var builder = try GGUFBuilder.llama()
    builder.set("llama.new_trick", .u32(1))
    try Fixture.withFile(builder.bytes) { path in
      let warnings = try GGUFModel.open(path: path).warnings
      #expect(warnings.contains { $0.contains("llama.new_trick") })
    }
  }
}
