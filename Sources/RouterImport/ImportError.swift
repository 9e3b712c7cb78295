import RouterCheckpoint
import RouterTokenizer

/// Why a model could not be imported: what happened, where, and what to do about it.
package struct ImportError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure, for callers that react to it.
  package enum Code: String, Sendable, Equatable {
    /// The operating system refused to open, read or create something.
    case inputOutput
    /// A file ends before its own header says it does.
    case truncated
    /// A file breaks its format.
    case malformed
    /// The format is obeyed, but says something that `router` cannot run.
    case unsupported
    /// A key, tensor or file that the model needs is absent.
    case missing
    /// Two parts of a model contradict each other.
    case inconsistent
    /// An import option makes no sense for this model.
    case invalidOption
    /// The default model could not be obtained.
    case unavailable
    /// A file's SHA-256 is not the expected one.
    case hashMismatch
    /// The checkpoint could not be written.
    case writing
    /// The caller's task was cancelled.
    case cancelled
  }

  /// The place that an error speaks of.
  package struct Location: Sendable, Equatable, CustomStringConvertible {
    /// Name of the file.
    package var file: String
    /// Metadata key or tensor name.
    package var item: String?
    /// Byte offset in the file.
    package var offset: Int?

    package init(file: String, item: String? = nil, offset: Int? = nil) {
      self.file = file
      self.item = item
      self.offset = offset
    }

    package var description: String {
      var parts = [file]
      if let item { parts.append(item) }
      if let offset { parts.append("offset \(offset)") }
      return parts.joined(separator: ", ")
    }
  }

  package let code: Code
  package let what: String
  package let location: Location?
  package let remedy: String

  package init(_ code: Code, _ what: String, at location: Location? = nil, remedy: String) {
    self.code = code
    self.what = what
    self.location = location
    self.remedy = remedy
  }

  package var description: String {
    let place = location.map { " (\($0))" } ?? ""
    return "\(what)\(place). \(remedy)"
  }
}

extension ImportError {
  /// The remedy for a file that was cut or damaged on its way.
  static let downloadAgain = "The file is incomplete or damaged: download it again."

  /// An error about text that came from a file, made safe to show: no control characters, no endless line.
  static func quoted(_ text: String, limit: Int = 80) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
    }
    return text.unicodeScalars.count > limit ? "\"\(shown)...\"" : "\"\(shown)\""
  }
}

extension ImportError {
  /// Runs a step of RouterCheckpoint, turning its error into this module's.
  ///
  /// - Parameter file: what to name as the place if the error names none.
  static func rethrowing<Value>(
    _ code: Code = .inconsistent, file: String, _ body: () throws(CheckpointError) -> Value
  ) throws(ImportError) -> Value {
    do throws(CheckpointError) {
      return try body()
    } catch {
      // A tensor that could not be produced carries this module's own error.
      if let cause = error.underlying as? ImportError { throw cause }
      throw ImportError(
        code, error.what,
        at: .init(
          file: error.location.file ?? file, item: error.location.tensor, offset: error.location.offset),
        remedy: error.remedy)
    }
  }

  /// Checks a tokenizer, turning its error into this module's.
  static func checking(
    _ definition: TokenizerDefinition, file: String
  ) throws(ImportError) -> TokenizerDefinition {
    do throws(TokenizerError) {
      _ = try Tokenizer(definition)
      return definition
    } catch {
      throw ImportError(
        .inconsistent, error.what, at: .init(file: file, item: error.location), remedy: error.remedy)
    }
  }
}
