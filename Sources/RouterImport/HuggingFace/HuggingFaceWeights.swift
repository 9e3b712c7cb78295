import Foundation
import RouterCheckpoint

/// The weights of a Hugging Face directory: one safetensors file, or several and an index.
package struct HuggingFaceWeights: Sendable {
  /// The files in the order of their names.
  let files: [InputFile]
  private let entries: [String: (file: SafetensorsFile, entry: SafetensorsFile.Entry)]
  /// The name of what lists the tensors, for errors.
  private let listing: String

  /// Opens the files and reads their headers.
  package init(directory: String) throws(ImportError) {
    let index = "\(directory)/model.safetensors.index.json"
    let single = "\(directory)/model.safetensors"
    let names: [String]
    var fileOfTensor: [String: String]?
    if FileManager.default.fileExists(atPath: single) {
      names = ["model.safetensors"]
      listing = "model.safetensors"
    } else if FileManager.default.fileExists(atPath: index) {
      let map = try Self.weightMap(index)
      names = Set(map.values).sorted()
      fileOfTensor = map
      listing = "model.safetensors.index.json"
    } else {
      throw Self.noWeights(directory)
    }
    var files: [InputFile] = []
    var entries: [String: (file: SafetensorsFile, entry: SafetensorsFile.Entry)] = [:]
    for name in names {
      let file = try SafetensorsFile(try InputFile(path: "\(directory)/\(name)"))
      files.append(file.file)
      for (tensor, entry) in file.entries where fileOfTensor == nil || fileOfTensor?[tensor] == name {
        entries[tensor] = (file, entry)
      }
    }
    self.files = files
    self.entries = entries
  }

  /// Whether there is a tensor of that name.
  func contains(_ name: String) -> Bool { entries[name] != nil }

  /// The source tensors by checkpoint name, and warnings about tensors that were left out.
  ///
  /// - Throws: `ImportError` for a missing, extra, mistyped or misshapen tensor.
  func resolve(
    _ configuration: ModelConfiguration
  ) throws(ImportError) -> (tensors: [String: SourceTensor], warnings: [String]) {
    var rest = entries
    var tensors: [String: SourceTensor] = [:]
    for wanted in TensorTable(configuration).entries {
      guard let (file, entry) = rest.removeValue(forKey: wanted.name) else {
        throw ImportError(
          .missing, "the weights lack the tensor \(wanted.name)", at: .init(file: listing, item: wanted.name),
          remedy: "Use a complete causal language model, as save_pretrained writes it.")
      }
      guard entry.shape == wanted.shape else {
        throw ImportError(
          .inconsistent, "the tensor is \(entry.shape) where config.json asks for \(wanted.shape)",
          at: .init(file: file.file.name, item: wanted.name, offset: entry.offset),
          remedy: "Use the config.json that belongs to these weights.")
      }
      tensors[wanted.name] = try file.sourceTensor(wanted.name, entry)
    }
    var warnings: [String] = []
    for (name, (file, entry)) in rest.sorted(by: { $0.key < $1.key }) {
      // Precomputed rotary tables of old versions, and a copy of a head that config.json ties.
      if name.hasSuffix(".rotary_emb.inv_freq") || (name == TensorName.head && configuration.tiedHead) {
        continue
      }
      guard name.hasSuffix(".bias") else {
        throw ImportError(
          .unsupported, "the weights have a tensor that router has no place for",
          at: .init(file: file.file.name, item: ImportError.quoted(name), offset: entry.offset),
          remedy: "Use a model of the plain \(Architecture.titles) architecture, with any adapter merged.")
      }
      warnings.append(try UnusedBias.drop(try file.sourceTensor(name, entry)))
    }
    return (tensors, warnings)
  }

  private static func weightMap(_ path: String) throws(ImportError) -> [String: String] {
    let fields = try JSONFields(path: path, limit: SafetensorsFile.maximumHeaderByteCount)
    guard let members = try fields.members("weight_map") else { throw fields.missing("weight_map") }
    var map: [String: String] = [:]
    for member in members {
      // A shard lies beside its index: a path that leads elsewhere is an attack.
      guard let name = member.value.text, name.hasSuffix(".safetensors"), !name.contains("/"),
        !name.hasPrefix("."), !name.utf8.contains(0)
      else {
        throw ImportError(
          .malformed, "a tensor is not assigned to a safetensors file in the same directory",
          at: .init(file: fields.file, item: ImportError.quoted(member.key)),
          remedy: ImportError.downloadAgain)
      }
      map[member.key] = name
    }
    return map
  }

  private static func noWeights(_ directory: String) -> ImportError {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let remedy =
      if files.contains("adapter_config.json") {
        "This is an adapter: merge it into its base model and save that with save_pretrained."
      } else if files.contains(where: { $0.hasPrefix("pytorch_model") && $0.contains(".bin") }) {
        "The weights are in PyTorch's pickle format: load them with transformers and save them with save_pretrained."
      } else {
        "Use a complete Hugging Face directory, as save_pretrained writes it."
      }
    return ImportError(
      .missing, "there is neither model.safetensors nor model.safetensors.index.json",
      at: .init(file: directory), remedy: remedy)
  }
}
