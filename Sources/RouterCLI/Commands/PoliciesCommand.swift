import ArgumentParser
import RouterExit

/// `router policies`
struct PoliciesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policies", abstract: "Lists the exit policies that can be found, and where.",
    discussion: """
      A policy is looked up as a path, then in ./policies, in the directory named by ROUTER_POLICIES, and among \
      those shipped with the program.
      """)

  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let name: String
    let path: String
    let policy: PolicyFile?
    let problem: String?
  }

  func run() throws {
    let locator = PolicyLocator.standard
    let rows = locator.names().map { name, path in
      do {
        return Row(name: name, path: path, policy: try PolicyFile(path: path), problem: nil)
      } catch {
        return Row(name: name, path: path, policy: nil, problem: "\(error)")
      }
    }
    if output.json { return try OutputOptions.printJSON(rows) }
    var table = TextTable(
      ["policy", "metric", "risk", "delta", "prompts", "mean depth", "path"], numeric: [2, 3, 4, 5])
    for row in rows {
      let guarantee = row.policy?.guarantee
      table.add([
        row.name, row.problem ?? guarantee?.metric ?? "-", guarantee.map { .fixed($0.risk, 3) } ?? "-",
        guarantee.map { .fixed($0.delta, 3) } ?? "-", guarantee.map { "\($0.prompts)" } ?? "-",
        row.policy?.measured.map { .fixed($0.meanDepth, 2) } ?? "-", row.path,
      ])
    }
    table.printLines()
    if rows.isEmpty { Terminal.note("None in \(locator.directories.joined(separator: ", ")).") }
  }
}
