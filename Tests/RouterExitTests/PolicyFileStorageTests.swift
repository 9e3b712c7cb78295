import Foundation
import RouterExit
import RouterTestSupport
import Testing

@Suite struct PolicyFileStorageTests {
  /// Runs `body` in a new folder, which is removed afterwards.
  static func withFolder(_ body: (URL) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    try withExtendedLifetime(directory) { try body(URL(filePath: $0.path)) }
  }

  @Test func savedFilesAreReadBackAndReplaced() throws {
    try Self.withFolder { folder in
      let path = folder.appending(path: "entropy.json").path
      for file in try PolicyFileTests.files() {
        try file.write(to: path)
        #expect(try PolicyFile(path: path) == file)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["entropy.json"])
    }
  }

  @Test func anUnwritablePlaceLeavesNothingBehind() throws {
    try Self.withFolder { folder in
      let file = try PolicyFileTests.thresholdFile()
      let missing = folder.appending(path: "missing/entropy.json").path
      let error = #expect(throws: PolicyError.self) { try file.write(to: missing) }
      #expect(error?.code == .unwritable)
      #expect(error?.location == missing)
      // A folder in the way: the rename fails after the bytes were written.
      let occupied = folder.appending(path: "occupied").path
      try FileManager.default.createDirectory(atPath: occupied, withIntermediateDirectories: true)
      #expect(throws: PolicyError.self) { try file.write(to: occupied) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["occupied"])
    }
  }

  @Test func aFullDiskIsReportedAsSuch() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let error = #expect(throws: PolicyError.self) {
      try PolicyStorage.write([1, 2, 3], to: "/dev/full", creating: false)
    }
    #expect(error?.what.contains("No space left") == true)
  }

  @Test func whatIsNoPolicyFileIsRefusedByName() throws {
    try Self.withFolder { folder in
      let missing = folder.appending(path: "missing.json").path
      let error = #expect(throws: PolicyError.self) { try PolicyFile(path: missing) }
      #expect(error?.code == .unreadable)
      #expect(
        error?.description
          == "the policy cannot be read: No such file or directory (\(missing)). Check the path and its "
          + "permissions; `router policies` lists the policies that are found.")
      #expect(throws: PolicyError.self) { try PolicyFile(path: folder.path) }

      let large = folder.appending(path: "large.json").path
      try Data(count: PolicyFile.maximumByteCount + 1).write(to: URL(filePath: large))
      #expect(#expect(throws: PolicyError.self) { try PolicyFile(path: large) }?.code == .tooLarge)

      let bad = folder.appending(path: "bad.json").path
      try Data(#"{"format": 9}"#.utf8).write(to: URL(filePath: bad))
      let located = #expect(throws: PolicyError.self) { try PolicyFile(path: bad) }
      #expect(located?.location == "\(bad): $.format")
    }
  }

  @Test func devicesAndPipesAreRefusedWithoutWaiting() throws {
    try Self.withFolder { folder in
      let pipe = folder.appending(path: "pipe").path
      try #require(mkfifo(pipe, 0o600) == 0)
      for path in [pipe, "/dev/zero"] {
        let error = #expect(throws: PolicyError.self) { try PolicyFile(path: path) }
        #expect(error?.what == "this is not a regular file")
      }
    }
  }
}
