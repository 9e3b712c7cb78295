import RouterTokenizer

/// The parts of a SentencePiece model (tokenizer.model) that matter here.
///
/// Field numbers are those of sentencepiece_model.proto.
struct SentencePieceModel {
  /// One piece; the kind's raw values are the proto's own.
  struct Piece {
    var text = ""
    var score: Float = 0
    var kind = TokenizerDefinition.TokenKind.normal
  }

  static let maximumByteCount = 64 << 20

  let file: String
  private(set) var pieces: [Piece] = []
  private(set) var byteFallback = false
  private(set) var unknownID: Int? = 0
  private(set) var bosID: Int? = 1
  private(set) var eosID: Int? = 2
  private(set) var padID: Int?
  private(set) var addsSpacePrefix = true
  private(set) var removesExtraWhitespaces = true
  /// Name of a Unicode normalisation, if the model has one.
  private(set) var normalisation: String?

  /// Parses the file.
  ///
  /// - Throws: `ImportError` if it is malformed or not a BPE model.
  init(path: String) throws(ImportError) {
    let input = try InputFile(path: path)
    file = input.name
    var reader = ProtobufReader(try input.contents(limit: Self.maximumByteCount)[...], file: file)
    var modelType: UInt64 = 1
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let message)): pieces.append(try Self.piece(message, index: pieces.count, file: file))
      case (2, .bytes(let message)): modelType = try readTrainer(message)
      case (3, .bytes(let message)): try readNormalizer(message)
      default: break
      }
    }
    guard modelType == 2 else {
      throw ImportError(
        .unsupported, "the SentencePiece model is not of the type BPE", at: .init(file: file),
        remedy: "Use a model with a SentencePiece BPE tokenizer, such as Llama-2 or Mistral.")
    }
  }

  private static func piece(
    _ message: ArraySlice<UInt8>, index: Int, file: String
  ) throws(ImportError) -> Piece {
    var reader = ProtobufReader(message, file: file)
    var piece = Piece()
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let bytes)):
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw ImportError(
            .malformed, "piece \(index) is not UTF-8", at: .init(file: file, offset: bytes.startIndex),
            remedy: ImportError.downloadAgain)
        }
        piece.text = text
      case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
      case (3, .varint(let number)):
        guard let raw = UInt8(exactly: number), let kind = TokenizerDefinition.TokenKind(rawValue: raw) else {
          throw ImportError(
            .malformed, "piece \(index) has the type \(number)",
            at: .init(file: file, offset: message.startIndex),
            remedy: ImportError.downloadAgain)
        }
        piece.kind = kind
      default: break
      }
    }
    return piece
  }

  /// Reads the trainer's settings and returns the model type.
  private mutating func readTrainer(_ message: ArraySlice<UInt8>) throws(ImportError) -> UInt64 {
    var reader = ProtobufReader(message, file: file)
    var modelType: UInt64 = 1
    while let (field, value) = try reader.next() {
      guard case .varint(let number) = value else { continue }
      // int32 fields are sign-extended; -1 stands for none.
      let id = Int(Int64(bitPattern: number))
      switch field {
      case 3: modelType = number
      case 35: byteFallback = number != 0
      case 40: unknownID = id < 0 ? nil : id
      case 41: bosID = id < 0 ? nil : id
      case 42: eosID = id < 0 ? nil : id
      case 43: padID = id < 0 ? nil : id
      default: break
      }
    }
    return modelType
  }

  private mutating func readNormalizer(_ message: ArraySlice<UInt8>) throws(ImportError) {
    var reader = ProtobufReader(message, file: file)
    var name = ""
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let bytes)): name = String(decoding: bytes, as: UTF8.self)
      case (2, .bytes(let map)): if !map.isEmpty { normalisation = name }
      case (3, .varint(let flag)): addsSpacePrefix = flag != 0
      case (4, .varint(let flag)): removesExtraWhitespaces = flag != 0
      default: break
      }
    }
  }
}
