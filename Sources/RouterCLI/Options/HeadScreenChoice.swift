import ArgumentParser
import RouterCheckpoint
import RouterDecoding
import RouterImport

/// When the head gets a screen.
package enum HeadScreenChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, on, off

  /// As the library takes it.
  var option: Bool? {
    switch self {
    case .auto: nil
    case .on: true
    case .off: false
    }
  }
}
