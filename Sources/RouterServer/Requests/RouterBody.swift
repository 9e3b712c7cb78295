/// The `router` extension object of a request, as it arrives.
///
/// Fields that it does not have are refused: a mistyped option here would silently change quality or cost.
struct RouterBody: Decodable {
  var policy: String?
  var maximumExit: Int?
  var mode: String?
  var kv: String?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case policy, mode, kv
    case maximumExit = "max_exit"
  }

  init(from decoder: any Decoder) throws {
    let known = CodingKeys.allCases.map(\.rawValue)
    let given = try decoder.container(keyedBy: FieldName.self).allKeys.map(\.stringValue)
    if let unknown = given.filter({ !known.contains($0) }).min() {
      throw APIError.invalid(
        fieldPath(decoder.codingPath + [FieldName(stringValue: unknown)]),
        "'router' has no field '\(unknown)'; it has \(known.sorted().joined(separator: ", ")).",
        code: "unknown_parameter")
    }
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    policy = try fields.decodeIfPresent(String.self, forKey: .policy)
    maximumExit = try fields.wholeIfPresent(.maximumExit)
    mode = try fields.decodeIfPresent(String.self, forKey: .mode)
    kv = try fields.decodeIfPresent(String.self, forKey: .kv)
  }
}
