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
