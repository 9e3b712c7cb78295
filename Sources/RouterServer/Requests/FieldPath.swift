/// Renders a JSON path the way OpenAI's errors name fields: `messages[0].content`.
func fieldPath(_ path: [any CodingKey]) -> String {
  var result = ""
  for key in path {
    if let index = key.intValue {
      result += "[\(index)]"
    } else {
      result += result.isEmpty ? key.stringValue : ".\(key.stringValue)"
    }
  }
  return result
}

/// A key known only at run time.
struct FieldName: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(stringValue: String) {
    self.stringValue = stringValue
    self.intValue = nil
  }

  init(intValue: Int) {
    self.stringValue = String(intValue)
    self.intValue = intValue
  }
}
