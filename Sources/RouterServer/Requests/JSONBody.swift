import Foundation

/// Decodes request bodies; every failure names the field and what it should have been.
package enum JSONBody {
  /// Decodes a body.
  ///
  /// - Throws: an ``APIError`` of status 400 for anything that is not the JSON of a `Body`.
  package static func decode<Body: Decodable>(_ type: Body.Type, from bytes: some Sequence<UInt8>)
    throws(APIError) -> Body
  {
    let data = Data(bytes)
    guard !data.isEmpty else {
      throw .invalid(nil, "The request body is empty; send a JSON object.", code: "invalid_json")
    }
    guard String(validating: data, as: UTF8.self) != nil else {
      throw .invalid(nil, "The request body is not valid UTF-8.", code: "invalid_json")
    }
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as APIError {
      throw error
    } catch let error as DecodingError {
      throw APIError(json: error)
    } catch {
      throw .invalid(nil, "The request body is not valid JSON.", code: "invalid_json")
    }
  }
}

extension APIError {
  /// The refusal that a JSON decoder's error amounts to.
  fileprivate init(json error: DecodingError) {
    switch error {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let expected = Self.phrase(for: type)
      if context.codingPath.isEmpty {
        self = .invalid(nil, "The request body must be \(expected).", code: "invalid_type")
      } else {
        self = .wrongType(fieldPath(context.codingPath), expected: expected)
      }
    case .keyNotFound(let key, let context):
      let parameter = fieldPath(context.codingPath + [key])
      self = .invalid(
        parameter, "Missing required parameter: '\(parameter)'.", code: "missing_required_parameter")
    case .dataCorrupted:
      self = .invalid(
        nil, "The request body is not valid JSON, or is nested too deeply.", code: "invalid_json")
    @unknown default:
      self = .invalid(nil, "The request body is not valid JSON.", code: "invalid_json")
    }
  }

  private static func phrase(for type: any Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "an integer"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "a string"
    case is Bool.Type: "a boolean"
    case is any ExpressibleByArrayLiteral.Type: "an array"
    default: "a JSON object"
    }
  }
}
