import RouterDecoding

/// The `prefix` object: a beginning of prompts that is kept.
struct PrefixJSON: Encodable {
  var object = "prefix"
  var name: String
  var tokens: Int
  var pages: Int
  var created: Int

  init(_ prefix: KeptPrefix) {
    name = prefix.name
    tokens = prefix.tokenCount
    pages = prefix.pageCount
    created = prefix.created
  }
}

/// The list of prefixes.
struct PrefixListJSON: Encodable {
  var object = "list"
  var data: [PrefixJSON]
}

/// What is said of a prefix that is no longer kept.
struct DeletedPrefixJSON: Encodable {
  var object = "prefix"
  var name: String
  var deleted = true
}
