/// The content of a JSON string: where it ends, and what it says.
///
/// A checkpoint's header is little else than one string of a megabyte in which every tenth character is escaped, so
/// this works on memory and not on array elements.
struct JSONString {
  /// What is wrong with a string, and at which byte.
  struct Failure: Error {
    let what: String
    let place: Int
  }

  /// The bytes between the quotation marks.
  private let content: UnsafeBufferPointer<UInt8>
  private let hasEscapes: Bool

  /// Finds the end of the string that begins after its first quotation mark.
  ///
  /// - Throws: ``Failure`` if there is none, or a control character before it.
  init(beginning text: UnsafeBufferPointer<UInt8>) throws(Failure) {
    var end = 0
    var hasEscapes = false
    while true {
      guard end < text.count, text[end] >= 0x20 else {
        throw Failure(what: "a string does not end", place: min(end, text.count))
      }
      if text[end] == UInt8(ascii: "\"") { break }
      if text[end] == UInt8(ascii: "\\") {
        hasEscapes = true
        end += 1
      }
      end += 1
    }
    content = UnsafeBufferPointer(rebasing: text[..<end])
    self.hasEscapes = hasEscapes
  }

  /// Bytes between the quotation marks.
  var byteCount: Int { content.count }

  /// The text, escapes resolved.
  ///
  /// - Throws: ``Failure`` for an unknown escape, or if the text is not UTF-8.
  func decoded() throws(Failure) -> String {
    var text: String?
    if hasEscapes {
      var failure: Failure?
      // Every escape is longer than what it stands for.
      let bytes = [UInt8](unsafeUninitializedCapacity: content.count) { target, count in
        do throws(Failure) {
          count = try unescape(into: target)
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      text = String(validating: bytes, as: UTF8.self)
    } else {
      text = String(validating: content, as: UTF8.self)
    }
    guard let text else { throw Failure(what: "a string is not UTF-8", place: 0) }
    return text
  }

  /// Writes the text and returns its length.
  private func unescape(into target: UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Int {
    var (place, count) = (0, 0)
    while place < content.count {
      var byte = content[place]
      place += 1
      if byte == UInt8(ascii: "\\") {
        let escape = content[place]
        place += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = escape
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"):
          for scalarByte in try scalar(at: &place).utf8 {
            target[count] = scalarByte
            count += 1
          }
          continue
        default: throw Failure(what: "an unknown escape", place: place)
        }
      }
      target[count] = byte
      count += 1
    }
    return count
  }

  /// The character whose code unit, or first one of two, begins at `place`.
  private func scalar(at place: inout Int) throws(Failure) -> String {
    var units = [try codeUnit(at: &place)]
    if UTF16.isLeadSurrogate(units[0]), place + 1 < content.count, content[place] == UInt8(ascii: "\\"),
      content[place + 1] == UInt8(ascii: "u")
    {
      place += 2
      units.append(try codeUnit(at: &place))
    }
    guard let text = String(validating: units, as: UTF16.self) else {
      throw Failure(what: "an escape is half a surrogate pair", place: place)
    }
    return text
  }

  private func codeUnit(at place: inout Int) throws(Failure) -> UInt16 {
    guard content.count - place >= 4 else { throw Failure(what: "a string does not end", place: place) }
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard content[place] < 0x80, let digit = Character(Unicode.Scalar(content[place])).hexDigitValue else {
        throw Failure(what: "an escape is not hexadecimal", place: place)
      }
      value = value << 4 | UInt16(digit)
      place += 1
    }
    return value
  }
}
