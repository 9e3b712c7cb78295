import Foundation
import RouterCheckpoint
import RouterTestSupport
import Testing

struct AtomicFileTests {
  @Test func onlyWhatDeadProcessesLeftIsRemoved() throws {
    let directory = try TemporaryDirectory()
    // No process has a number beyond 2^22 on Linux, nor beyond 99999 on macOS.
    let left = [".router-4194399-abc.tmp"]
    let kept = [
      ".router-\(getpid())-abc.tmp", ".router-x-abc.tmp", ".router-4194399-abc", "state", "4194399.tmp",
    ]
    for name in left + kept { try Data([1]).write(to: URL(fileURLWithPath: directory.file(name))) }
    AtomicFile.removeLeftovers(in: directory.file("."))
    for name in left { #expect(!FileManager.default.fileExists(atPath: directory.file(name)), "\(name)") }
    for name in kept { #expect(FileManager.default.fileExists(atPath: directory.file(name)), "\(name)") }
    AtomicFile.removeLeftovers(in: directory.file("none"))
  }
}
