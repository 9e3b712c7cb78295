import RouterCheckpoint
import RouterImport
import RouterRandom
import RouterTensor

/// Writes GGUF files for tests, well-formed or not: every part can be replaced before `bytes` puts them together.
struct GGUFBuilder {
  /// A metadata value with the type it is written as.
  enum Value {
    case u32(UInt32)
    case i32(Int32)
    case u64(UInt64)
    case f32(Float)
    case bool(Bool)
    case string(String)
    case strings([String])
    case floats([Float])
    case i32s([Int32])
    /// A type number and the bytes that follow it.
    case raw(UInt32, [UInt8])
  }

  struct Tensor {
    var name: String
    /// Outermost first.
    var shape: [UInt64]
    var type: UInt32 = 0
    var data: [UInt8]
    /// Replaces the computed offset.
    var offset: UInt64?
  }

  var magic = Array("GGUF".utf8)
  var version: UInt32 = 3
  var keys: [(String, Value)] = []
  var tensors: [Tensor] = []
  var alignment = 32
  var tensorCount: UInt64?
  var keyCount: UInt64?

  /// Replaces the value of a key, or removes it.
  mutating func set(_ key: String, _ value: Value?) {
    let index = keys.firstIndex { $0.0 == key }
    switch (index, value) {
    case (let index?, let value?): keys[index].1 = value
    case (let index?, nil): keys.remove(at: index)
    case (nil, let value?): keys.append((key, value))
    case (nil, nil): break
    }
  }

  /// Header and tensor table, without padding and data.
  var header: [UInt8] {
    var out = magic + Self.bytes(version)
    out += Self.bytes(tensorCount ?? UInt64(tensors.count)) + Self.bytes(keyCount ?? UInt64(keys.count))
    for (key, value) in keys { out += Self.string(key) + Self.encoded(value) }
    var offset = 0
    for tensor in tensors {
      out += Self.string(tensor.name) + Self.bytes(UInt32(tensor.shape.count))
      for dimension in tensor.shape.reversed() { out += Self.bytes(dimension) }
      out += Self.bytes(tensor.type) + Self.bytes(tensor.offset ?? UInt64(offset))
      offset += (tensor.data.count + alignment - 1) / alignment * alignment
    }
    return out
  }

  /// The whole file.
  var bytes: [UInt8] {
    var out = header
    for tensor in tensors {
      out += [UInt8](repeating: 0, count: (alignment - out.count % alignment) % alignment)
      out += tensor.data
    }
    return out
  }

  static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  static func string(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

  private static func encoded(_ value: Value) -> [UInt8] {
    func array(_ type: UInt32, _ count: Int, _ elements: [UInt8]) -> [UInt8] {
      bytes(UInt32(9)) + bytes(type) + bytes(UInt64(count)) + elements
    }
    return switch value {
    case .u32(let number): bytes(UInt32(4)) + bytes(number)
    case .i32(let number): bytes(UInt32(5)) + bytes(number)
    case .u64(let number): bytes(UInt32(10)) + bytes(number)
    case .f32(let number): bytes(UInt32(6)) + bytes(number.bitPattern)
    case .bool(let flag): bytes(UInt32(7)) + [flag ? 1 : 0]
    case .string(let text): bytes(UInt32(8)) + string(text)
    case .strings(let texts): array(8, texts.count, texts.flatMap(string))
    case .floats(let numbers): array(6, numbers.count, numbers.flatMap { bytes($0.bitPattern) })
    case .i32s(let numbers): array(5, numbers.count, numbers.flatMap { bytes($0) })
    case .raw(let type, let payload): bytes(type) + payload
    }
  }
}

extension GGUFBuilder {
  /// A complete LLaMA of random weights: L 1, D 256, H 2, G 1, K 128, F 256, V 264 with byte-level tokens.
  ///
  /// - Parameter type: the type of its matrices; vectors are F32.
  static func llama(
    _ type: SourceEncoding = .q80, number: UInt32 = 8, seed: UInt64 = 1, layers: Int = 1
  ) throws -> GGUFBuilder {
    let model = try ModelConfiguration(
      architecture: .llama, layerCount: layers, width: 256, headCount: 2, keyValueHeadCount: 1,
      headWidth: 128,
      feedForwardWidth: 256, vocabularySize: 264, contextLength: 64, normEpsilon: 1e-5,
      rotary: RotaryEmbedding(base: 500_000), tiedHead: true, attentionBias: false)
    var generator = SplitMix64(seed: seed)
    var builder = GGUFBuilder()
    let alphabet = byteAlphabet()
    builder.keys = [
      ("general.architecture", .string("llama")), ("general.license", .string("apache-2.0")),
      ("llama.block_count", .u32(UInt32(layers))),
      ("llama.context_length", .u32(UInt32(model.contextLength))),
      ("llama.embedding_length", .u32(UInt32(model.width))),
      ("llama.feed_forward_length", .u32(UInt32(model.feedForwardWidth))),
      ("llama.attention.head_count", .u32(UInt32(model.headCount))),
      ("llama.attention.head_count_kv", .u32(UInt32(model.keyValueHeadCount))),
      ("llama.attention.layer_norm_rms_epsilon", .f32(model.normEpsilon)),
      ("llama.rope.freq_base", .f32(Float(model.rotary.base))),
      ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string("smollm")),
      ("tokenizer.ggml.tokens", .strings(alphabet + ["he", "<|im_start|>", "<|im_end|>"])),
      ("tokenizer.ggml.token_type", .i32s([Int32](repeating: 1, count: 257) + [3, 3])),
      ("tokenizer.ggml.merges", .strings(["h e"])), ("tokenizer.ggml.eos_token_id", .u32(258)),
    ]
    func matrix(_ name: String, _ shape: [Int]) -> Tensor {
      let blocks = shape.reduce(1, *) / type.blockElements
      var data = [UInt8](repeating: 0, count: blocks * type.blockByteCount)
      for i in data.indices { data[i] = UInt8.random(in: 0...255, using: &generator) }
      for block in 0..<blocks {
        for offset in type.halfOffsets {
          // A positive scale around 2^-6.
          data[block * type.blockByteCount + offset + 1] = 0x24
        }
      }
      return Tensor(name: name, shape: shape.map(UInt64.init), type: number, data: data)
    }
    func vector(_ name: String, _ shape: [Int]) -> Tensor {
      let data = (0..<shape[0]).flatMap { bytes(Float(1 + Double($0) / 1000).bitPattern) }
      return Tensor(name: name, shape: shape.map(UInt64.init), data: data)
    }
    builder.tensors = TensorTable(model).entries.map { entry in
      let name = ggufName(of: entry.part)
      return entry.isMatrix ? matrix(name, entry.shape) : vector(name, entry.shape)
    }
    return builder
  }

  /// The names of llama.cpp's converter, spelt out once more.
  private static func ggufName(of part: TensorPart) -> String {
    switch part {
    case .embedding: "token_embd.weight"
    case .finalNorm: "output_norm.weight"
    case .head: "output.weight"
    case .layer(let index, let part):
      switch part {
      case .inputNorm: "blk.\(index).attn_norm.weight"
      case .queryWeight: "blk.\(index).attn_q.weight"
      case .queryBias: "blk.\(index).attn_q.bias"
      case .keyWeight: "blk.\(index).attn_k.weight"
      case .keyBias: "blk.\(index).attn_k.bias"
      case .valueWeight: "blk.\(index).attn_v.weight"
      case .valueBias: "blk.\(index).attn_v.bias"
      case .outputWeight: "blk.\(index).attn_output.weight"
      case .postAttentionNorm: "blk.\(index).ffn_norm.weight"
      case .gateWeight: "blk.\(index).ffn_gate.weight"
      case .upWeight: "blk.\(index).ffn_up.weight"
      case .downWeight: "blk.\(index).ffn_down.weight"
      }
    }
  }

  /// GPT-2's characters for the 256 byte values, in the order of their code points.
  static func byteAlphabet() -> [String] {
    let printable = Set(Array(33...126) + Array(161...172) + Array(174...255))
    let moved = (0..<256 - printable.count).map { 256 + $0 }
    return (printable.sorted() + moved).compactMap { Unicode.Scalar($0).map(String.init) }
  }
}

extension SourceEncoding {
  /// Offsets of the f16 values within a block, where random bytes must not make an infinity.
  var halfOffsets: [Int] {
    switch self {
    case .f16, .bf16, .q40, .q50, .q80: [0]
    case .q41, .q51, .q4K, .q5K: [0, 2]
    case .q6K: [208]
    case .f32: [2]
    }
  }
}
