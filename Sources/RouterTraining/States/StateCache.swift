import FoundationEssentials
import RouterCheckpoint
import RouterTensor

/// A file of hidden states at the exits of a frozen model, read row by row.
///
/// It is read by `pread`, and stays in the system's page cache if there is room.
package final class StateCache: Sendable {
  /// Path, as it was given.
  package let path: String
  package let layout: StateLayout
  /// Rows that the file held when it was opened.
  package let rowCount: Int
  private let file: RandomAccessFile

  /// Opens a cache; a row that was being written when the file was opened is not counted.
  ///
  /// - Throws: ``TrainingError`` `corruptFile` if it is no cache, `inputOutput` if it cannot be read.
  package init(path: String) throws(TrainingError) {
    self.path = path
    do throws(CheckpointError) {
      file = try RandomAccessFile(path: path)
    } catch {
      throw TrainingError(error)
    }
    layout = try Self.header(of: file)
    rowCount = max(0, file.byteCount - StateLayout.headerByteCount) / layout.rowByteCount
  }

  /// The checked header of a cache.
  static func header(of file: RandomAccessFile) throws(TrainingError) -> StateLayout {
    let damaged = TrainingError(
      .corruptFile, "this is no file of hidden states", at: file.path,
      remedy: "Delete it, and the states are computed again.")
    guard file.byteCount >= StateLayout.headerByteCount else { throw damaged }
    var bytes = [UInt8](repeating: 0, count: StateLayout.headerByteCount)
    do throws(CheckpointError) {
      var failure: CheckpointError?
      bytes.withUnsafeMutableBytes { buffer in
        do throws(CheckpointError) { try file.read(at: 0, into: buffer) } catch { failure = error }
      }
      if let failure { throw failure }
    } catch {
      throw TrainingError(error)
    }
    guard bytes.starts(with: StateLayout.magic) else { throw damaged }
    let json = bytes[StateLayout.magic.count...].prefix { $0 != 0 }
    guard let layout = try? JSONDecoder().decode(StateLayout.self, from: Data(json)),
      (1...(1 << 17)).contains(layout.width), (1...1024).contains(layout.topCount),
      (2...1024).contains(layout.exits.count), zip(layout.exits, layout.exits.dropFirst()).allSatisfy(<)
    else { throw damaged }
    return layout
  }

  /// The header bytes of a cache with `layout`.
  static func header(_ layout: StateLayout) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var bytes = StateLayout.magic + [UInt8](try encoder.encode(layout))
    precondition(bytes.count < StateLayout.headerByteCount, "the exits fill more than a header")
    bytes += [UInt8](repeating: 0, count: StateLayout.headerByteCount - bytes.count)
    return bytes
  }

  /// Reads one row into `buffer`, which has exactly its size.
  func read(row: Int, into buffer: UnsafeMutableRawBufferPointer) throws(TrainingError) {
    precondition(row >= 0 && row < rowCount && buffer.count == layout.rowByteCount)
    do throws(CheckpointError) {
      try file.read(at: StateLayout.headerByteCount + row * layout.rowByteCount, into: buffer)
    } catch {
      throw TrainingError(error)
    }
  }

  /// Document, position in it, and the token that follows, of one row.
  func place(row: Int) throws(TrainingError) -> (document: UInt32, position: UInt32, target: Int32) {
    precondition(row >= 0 && row < rowCount)
    var words: (UInt32, UInt32, UInt32) = (0, 0, 0)
    var failure: CheckpointError?
    withUnsafeMutableBytes(of: &words) { bytes in
      do throws(CheckpointError) {
        try file.read(at: StateLayout.headerByteCount + row * layout.rowByteCount, into: bytes)
      } catch { failure = error }
    }
    if let failure { throw TrainingError(failure) }
    return (
      UInt32(littleEndian: words.0), UInt32(littleEndian: words.1),
      Int32(bitPattern: UInt32(littleEndian: words.2))
    )
  }
}

extension TrainingError {
  /// A file error of the checkpoint layer in this module's terms.
  init(_ error: CheckpointError) {
    let code: Code =
      switch error.code {
      case .noSpace: .noSpace
      case .corrupt, .notACheckpoint, .malformedHeader: .corruptFile
      default: .inputOutput
      }
    let place = error.location.description
    self.init(code, error.what, at: place.isEmpty ? nil : place, remedy: error.remedy)
  }
}
