import Foundation
import RouterCLI
import RouterExit
import Testing

struct PolicyLocatorTests {
  private let tree: PolicyTree

  init() throws {
    tree = try PolicyTree()
    try tree.write("", to: "source/Package.swift")
  }

  private func depth(_ file: PolicyFile) -> Int? {
    if case .fixed(let policy) = file.rule { policy.depth } else { nil }
  }

  /// The places in search order.
  private static let places = [
    "work/policies", "named", "source/.build/x86/share/router/policies", "source/policies",
  ]

  @Test func searchesThePlacesInOrder() throws {
    #expect(tree.locator().directories == Self.places.map { "\(tree.root)/\($0)" })
    for (index, place) in Self.places.enumerated() {
      try tree.writePolicy(depth: index + 1, to: "\(place)/wanted.json")
    }
    for (index, place) in Self.places.enumerated() {
      #expect(depth(try tree.locator().load("wanted")) == index + 1)
      try tree.remove("\(place)/wanted.json")
    }
    #expect(throws: (any Error).self) { try tree.locator().load("wanted") }
  }

  @Test func aPathIsNotSearched() throws {
    try tree.writePolicy(depth: 1, to: "work/policies/wanted.json")
    try tree.writePolicy(depth: 7, to: "elsewhere/wanted.json")
    #expect(depth(try tree.locator().load("\(tree.root)/elsewhere/wanted.json")) == 7)
    // A name that ends in .json is a path too: relative to the working directory, not to its policies.
    let error = try #require(throws: PolicyError.self) { try tree.locator().load("absent-wanted.json") }
    #expect(error.location?.contains("absent-wanted.json") == true)
  }

  @Test(arguments: [nil, ""])
  func withoutTheVariableNothingStandsInItsPlace(named: String?) {
    #expect(
      tree.locator(named: named).directories == [0, 2, 3].map { "\(tree.root)/\(Self.places[$0])" })
  }

  @Test func anInstalledProgramHasNoSourceTree() throws {
    try tree.remove("source/Package.swift")
    #expect(tree.locator().directories == Self.places[..<3].map { "\(tree.root)/\($0)" })
  }

  @Test func theNearestSourceTreeIsTheProgramsOwn() throws {
    try tree.write("", to: "Package.swift")
    #expect(tree.locator().directories.last == "\(tree.root)/source/policies")
  }

  @Test func aPlaceIsSearchedOnce() {
    let locator = PolicyLocator(
      environment: ["ROUTER_POLICIES": "\(tree.root)/source/policies"],
      executable: "\(tree.root)/source/.build/x86/bin/router", workingDirectory: "\(tree.root)/source")
    #expect(
      locator.directories == [
        "\(tree.root)/source/policies", "\(tree.root)/source/.build/x86/share/router/policies",
      ])
  }

  @Test func withoutAProgramOnlyTheUsersPlacesAreSearched() {
    let locator = PolicyLocator(environment: [:], executable: nil, workingDirectory: tree.root)
    #expect(locator.directories == ["\(tree.root)/policies"])
  }

  @Test func listsTheFirstOfEachName() throws {
    try tree.writePolicy(depth: 1, to: "named/b.json")
    try tree.writePolicy(depth: 2, to: "source/policies/b.json")
    try tree.writePolicy(depth: 3, to: "source/policies/a.json")
    try tree.write("no policy", to: "named/README.md")
    try tree.write("no policy", to: "named/directory.json/file")
    let names = tree.locator().names()
    #expect(names.map(\.name) == ["a", "b"])
    #expect(names.map(\.path) == ["\(tree.root)/source/policies/a.json", "\(tree.root)/named/b.json"])
  }

  @Test func anUnknownNameIsAnsweredWithTheKnownOnes() throws {
    try tree.writePolicy(depth: 1, to: "named/first.json")
    try tree.writePolicy(depth: 1, to: "source/policies/second.json")
    let error = try #require(throws: (any Error).self) { try tree.locator().load("wanted") }
    #expect("\(error)".contains("there is no policy called wanted"))
    #expect("\(error)".contains("Choose one of first, second"))
    #expect("\(error)".contains("\(tree.root)/source/policies"))
  }

  @Test func withoutAnyPolicyCalibrationIsSuggested() throws {
    let error = try #require(throws: (any Error).self) { try tree.locator().load("wanted") }
    #expect("\(error)".contains("router calibrate"))
  }

  @Test func aBrokenPolicyIsNotReplacedByTheNext() throws {
    try tree.write("{}", to: "named/wanted.json")
    try tree.writePolicy(depth: 1, to: "source/policies/wanted.json")
    let error = try #require(throws: PolicyError.self) { try tree.locator().load("wanted") }
    #expect(error.location?.contains("\(tree.root)/named/wanted.json") == true)
  }

  @Test func knowsItsOwnProgram() throws {
    let path = try #require(ExecutablePath.current)
    #expect(path.hasPrefix("/"))
    #expect(FileManager.default.isExecutableFile(atPath: path))
  }
}
