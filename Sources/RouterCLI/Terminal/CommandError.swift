/// Why a command cannot do what was asked.
struct CommandError: Error, CustomStringConvertible {
  let what: String
  let location: String?
  let remedy: String

  init(_ what: String, at location: String? = nil, remedy: String) {
    self.what = what
    self.location = location
    self.remedy = remedy
  }

  /// "what (location). Remedy."
  var description: String { "\(what)\(location.map { " (\($0))" } ?? ""). \(remedy)" }
}
