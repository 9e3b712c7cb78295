#if Server
  import ArgumentParser
  import RouterExit
  import RouterServer

  extension AlarmReaction: ExpressibleByArgument {
    /// `none`, or a mode in which answers are full depth's.
    package init?(argument: String) {
      switch (argument, DecodingMode(rawValue: argument)) {
      case ("none", _): self = .none
      case (_, .full?): self = .run(.full)
      case (_, .verify?): self = .run(.verify)
      case (_, .exit?), (_, nil): return nil
      }
    }

    package static var allValueStrings: [String] { ["none", "full", "verify"] }

    package var defaultValueDescription: String {
      switch self {
      case .none: "none"
      case .run(let mode): mode.rawValue
      }
    }
  }
#endif
