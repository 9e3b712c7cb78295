import RouterDecoding

extension APIError {
  /// The refusal that an error about kept prefixes amounts to; paths of the server are not told.
  ///
  /// - Parameter parameter: the request's field that the prefix comes from, if it has one.
  init(_ error: PrefixError, parameter: String? = nil) {
    let message = "\(error.what.prefix(1).uppercased())\(error.what.dropFirst()). \(error.remedy)"
    switch error.code {
    case .invalidName: self = .invalid("name", message)
    case .tooShort: self = .invalid(parameter, message, code: "prefix_too_short")
    case .tooLarge: self = .invalid(parameter, message, code: "prefix_too_large")
    case .unknownName:
      self.init(
        status: 404, kind: .invalidRequest, message: message, parameter: "name", code: "prefix_not_found")
    case .noSpace:
      self.init(status: 507, kind: .server, message: message, code: "insufficient_storage")
    case .storageFailure:
      self.init(status: 500, kind: .server, message: message, code: "storage_failed")
    case .foreignFile, .invalidFile: self = .internalFailure
    }
  }

  /// 400: the server was not told where to keep prefixes.
  static let prefixesDisabled = APIError(
    status: 400, kind: .invalidRequest,
    message: "This server keeps no prefixes. Start it with --prefix-file FILE.", code: "prefixes_disabled")
}
