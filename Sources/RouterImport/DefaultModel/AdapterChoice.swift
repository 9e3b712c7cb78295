import Foundation
import RouterCheckpoint

/// Which exit adapters a pulled model gets.
package enum AdapterChoice: Sendable, Equatable {
  /// None.
  case none
  /// Those of a file.
  case file(String)
  /// Those that come with the program at this path, if they are there.
  case shipped(executable: String?)

  /// The adapters, and what the user should know about them.
  package struct Resolution {
    package var file: AdapterFile?
    package var warnings: [String] = []
  }

  /// Opens the file.
  ///
  /// - Throws: `ImportError` if a file that was named cannot be used. Shipped ones that cannot give a warning.
  package func resolve(for model: DefaultModel) throws(ImportError) -> Resolution {
    switch self {
    case .none: return Resolution()
    case .file(let path): return Resolution(file: try Self.open(path))
    case .shipped(let executable):
      let places = Self.places(of: model.adapterName, executable: executable)
      guard let path = places.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
        return Resolution(warnings: [
          "The program came without exit adapters for \(model.name) (looked for \(model.adapterName) beside it), so "
            + "early exits are as untuned as the model's. Name a file with --adapter, or choose --adapter none."
        ])
      }
      do throws(ImportError) {
        return Resolution(file: try Self.open(path))
      } catch {
        return Resolution(warnings: ["The exit adapters that came with the program are left out: \(error)"])
      }
    }
  }

  private static func open(_ path: String) throws(ImportError) -> AdapterFile {
    try ImportError.rethrowing(.invalidOption, file: path) { () throws(CheckpointError) in
      try AdapterFile(path: path)
    }
  }

  /// Where a shipped file may lie: in the resources that the package manager puts beside a program, beside it on
  /// its own (as with a statically linked one that was copied), or in the share directory of an installation.
  ///
  /// `Bundle.module` is not asked, since it ends the program where there are no resources.
  static func places(of name: String, executable: String?) -> [String] {
    guard let executable else { return [] }
    let directory = URL(fileURLWithPath: executable).deletingLastPathComponent()
    let relative = [
      "router_RouterImport.resources/Adapters", "router_RouterImport.bundle/Contents/Resources/Adapters",
      "router_RouterImport.bundle/Adapters", ".", "../share/router/adapters",
    ]
    return relative.map { directory.appendingPathComponent("\($0)/\(name)").standardizedFileURL.path }
  }
}

extension DefaultModel {
  /// Name of the file that holds the model's exit adapters.
  package var adapterName: String { "\(name).adapter.safetensors.zst" }
}
