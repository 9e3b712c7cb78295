import Foundation
import RouterCheckpoint
import RouterImport
import RouterTensor
import RouterTestSupport
import Testing

/// Files that `.ci/fixtures/gguf_blocks.py` and `.ci/fixtures/huggingface.py` made, and scratch space.
enum Fixture {
  /// Path of a fixture.
  static func path(_ name: String) throws -> String {
    let root = try #require(Bundle.module.resourceURL)
    return root.appendingPathComponent("Fixtures/\(name)").path
  }

  /// A fixture parsed as JSON.
  static func json(_ name: String) throws -> JSONValue {
    try JSONParser.parse(Array(Data(contentsOf: URL(fileURLWithPath: path(name)))), file: name)
  }

  /// Runs `body` with a new directory and removes it afterwards.
  @discardableResult
  static func withDirectory<Value>(_ body: (String) throws -> Value) throws -> Value {
    let directory = try TemporaryDirectory()
    return try withExtendedLifetime(directory) { try body($0.path) }
  }

  /// Runs `body` with a copy of a fixture directory that it may change.
  @discardableResult
  static func withCopy<Value>(of name: String, _ body: (String) throws -> Value) throws -> Value {
    try withDirectory { directory in
      let copy = "\(directory)/\(name)"
      try FileManager.default.copyItem(atPath: path(name), toPath: copy)
      return try body(copy)
    }
  }

  /// Writes bytes to a new file in a scratch directory and runs `body` with its path.
  @discardableResult
  static func withFile<Value>(
    _ bytes: [UInt8], name: String = "model.gguf", _ body: (String) throws -> Value
  ) throws -> Value {
    try withDirectory { directory in
      let path = "\(directory)/\(name)"
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      return try body(path)
    }
  }

  /// Imports a source into a scratch file and opens the result.
  static func importing<Value>(
    _ path: String, _ options: ImportOptions = ImportOptions(),
    _ body: (ImportReport, CheckpointReader) throws -> Value
  ) throws -> Value {
    try withDirectory { directory in
      let report = try Importer.importModel(
        from: ImportSource(path: path), to: "\(directory)/model.safetensors.zst", options: options)
      return try body(report, CheckpointReader(path: report.path))
    }
  }

  /// The weights of a matrix or vector, decoded to f32 from whatever encoding the checkpoint holds it in.
  static func weights(_ name: String, in tensors: LoadedTensors) throws -> [Float] {
    let tensor = try #require(tensors[name])
    let bytes = UnsafeRawBufferPointer(tensor.buffer.bytes)
    switch tensor.descriptor.dtype {
    case .f32: return Array(bytes.bindMemory(to: Float.self))
    case .bf16: return bytes.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    default: break
    }
    let scaleTensor = try #require(tensors[TensorName.companion(.scale, of: name)])
    let scales = scaleTensor.buffer.elements(of: UInt16.self).map(HalfPrecision.float(fromF16:))
    if tensor.descriptor.dtype == .i8 {
      return bytes.bindMemory(to: Int8.self).enumerated().map { scales[$0 / 32] * Float($1) }
    }
    let minTensor = try #require(tensors[TensorName.companion(.min, of: name)])
    let mins = minTensor.buffer.elements(of: UInt16.self).map(HalfPrecision.float(fromF16:))
    return bytes.enumerated().flatMap { index, byte in
      [byte & 15, byte >> 4].map { scales[index / 16] * Float($0) + mins[index / 16] }
    }
  }
}
