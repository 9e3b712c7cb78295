import FoundationEssentials
import RouterCheckpoint
import RouterTensor

/// The file from which a killed run goes on: a JSON header and blocks of f32, guarded by checksums.
///
/// Written under a temporary name and renamed, so the file of the step before survives whatever happens.
/// Layout: magic, u32 header length, header, then for each block u64 byte count, bytes, u64 XXH64.
enum TrainingState {
  private static let magic = Array("RTRTRN01".utf8)
  private static let sliceByteCount = 1 << 22

  /// Writes the file, or leaves the old one as it was.
  ///
  /// - Throws: ``TrainingError`` `noSpace` or `inputOutput`.
  static func write(_ header: some Encodable, blocks: [AlignedBuffer], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = [UInt8](try encoder.encode(header))
    do throws(CheckpointError) {
      let file = try AtomicFile(path: path)
      try file.write(magic + bytes(of: UInt32(json.count)) + json)
      for block in blocks {
        try file.write(bytes(of: UInt64(block.byteCount)))
        for start in stride(from: 0, to: block.byteCount, by: sliceByteCount) {
          try file.write(Array(block.bytes[start..<min(start + sliceByteCount, block.byteCount)]))
        }
        try file.write(bytes(of: XXH64.hash(UnsafeRawBufferPointer(block.bytes))))
      }
      try file.commit()
    } catch {
      guard error.code == .noSpace else { throw TrainingError(error) }
      let byteCount = blocks.reduce(0) { $0 + $1.byteCount }
      throw TrainingError(
        .noSpace, error.what, at: path,
        remedy: "Free \(byteCount >> 20 + 1) MiB, then go on with --resume: the state before is kept.")
    }
  }

  /// Reads the header, lets `check` compare it with the run, and fills `blocks`.
  ///
  /// - Returns: the header; nil if there is no file.
  /// - Throws: ``TrainingError`` `corruptFile`, what `check` throws, or `inputOutput`. Blocks are then undefined.
  static func read<Header: Decodable>(
    _ type: Header.Type, blocks: [AlignedBuffer], from path: String, check: (Header) throws -> Void
  ) throws -> Header? {
    let file: RandomAccessFile
    do throws(CheckpointError) {
      file = try RandomAccessFile(path: path)
    } catch {
      if error.code == .notFound { return nil }
      throw TrainingError(error)
    }
    let damaged = TrainingError(
      .corruptFile, "the state of the training run is damaged", at: path,
      remedy: "Delete it and start again; nothing else depends on it.")
    var offset = 0
    func take(_ buffer: UnsafeMutableRawBufferPointer) throws {
      guard offset + buffer.count <= file.byteCount else { throw damaged }
      do throws(CheckpointError) { try file.read(at: offset, into: buffer) } catch {
        throw TrainingError(error)
      }
      offset += buffer.count
    }
    func takeBytes(_ count: Int) throws -> [UInt8] {
      guard count <= file.byteCount - offset else { throw damaged }
      var bytes = [UInt8](repeating: 0, count: count)
      try bytes.withUnsafeMutableBytes { try take($0) }
      return bytes
    }
    func number<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
      try takeBytes(MemoryLayout<Number>.size).withUnsafeBytes { $0.loadUnaligned(as: type) }
    }
    guard try takeBytes(magic.count) == magic else { throw damaged }
    let json = try takeBytes(Int(try number(UInt32.self)))
    guard let header = try? JSONDecoder().decode(type, from: Data(json)) else { throw damaged }
    try check(header)
    for block in blocks {
      guard try number(UInt64.self) == UInt64(block.byteCount) else { throw damaged }
      try take(block.bytes)
      guard try number(UInt64.self) == XXH64.hash(UnsafeRawBufferPointer(block.bytes)) else { throw damaged }
    }
    guard offset == file.byteCount else { throw damaged }
    return header
  }

  private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}
