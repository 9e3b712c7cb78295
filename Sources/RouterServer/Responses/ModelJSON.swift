import RouterDecoding

/// The `model` object.
struct ModelJSON: Encodable {
  /// The `router` extension object of a model: what requests may choose from.
  struct Routing: Encodable {
    var layers: Int
    var exits: [Int]
    var contextLength: Int
    var policies: [String]
    var defaultPolicy: String?

    private enum CodingKeys: String, CodingKey {
      case layers, exits, policies
      case contextLength = "context_length"
      case defaultPolicy = "default_policy"
    }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(layers, forKey: .layers)
      try fields.encode(exits, forKey: .exits)
      try fields.encode(contextLength, forKey: .contextLength)
      try fields.encode(policies, forKey: .policies)
      try fields.encode(defaultPolicy, forKey: .defaultPolicy)
    }
  }

  var id: String
  var object = "model"
  var created: Int
  var ownedBy = "router"
  var router: Routing

  private enum CodingKeys: String, CodingKey {
    case id, object, created, router
    case ownedBy = "owned_by"
  }

  /// Describes a backend under one of its names.
  init(_ backend: any CompletionBackend, as name: String) {
    let card = backend.card
    id = name
    created = card.created
    router = Routing(
      layers: card.layerCount, exits: card.limits.exits, contextLength: card.limits.contextLength,
      policies: backend.policies.names, defaultPolicy: backend.policies.defaultName)
  }
}
