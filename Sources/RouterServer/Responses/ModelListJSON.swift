import RouterDecoding

/// The list of models.
struct ModelListJSON: Encodable {
  var object = "list"
  var data: [ModelJSON]
}
