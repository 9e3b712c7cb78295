#if !Server
  import ArgumentParser

  /// `router serve` in a program that was built without the package trait `Server`.
  struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "serve", abstract: "Not in this program, which was built without the trait Server.")

    /// Whatever is given to a program that can serve.
    @Argument(parsing: .allUnrecognized, help: .hidden)
    var rest: [String] = []

    func run() throws {
      throw CommandError(
        "this program was built without its server",
        remedy: "Build it with the package trait Server, which is on by default: `swift build -c release`.")
    }
  }
#endif
