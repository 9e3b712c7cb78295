import RouterCLI
import RouterImport
import RouterTensor
import Testing

/// Options whose values are encodings.
struct EncodingOptionTests {
  @Test func everyEncodingCanBeAskedFor() {
    typealias Quantization = ImportOptions.Quantization
    #expect(Quantization(argument: "auto") == .auto)
    for encoding in WeightEncoding.allCases {
      #expect(Quantization(argument: encoding.rawValue) == .all(encoding))
    }
    #expect(Quantization(argument: "q5") == nil && Quantization(argument: "") == nil)
    #expect(Quantization.allValueStrings == ["auto", "f32", "bf16", "q8", "q4"])
    #expect(Quantization.auto.defaultValueDescription == "auto")
  }

  @Test func listsTakeQuantisedEncodingsOnce() {
    #expect(EncodingList(argument: "q8,q4") == EncodingList([.q8, .q4]))
    for wrong in ["", "q4,", "q4,q4", "f32", "q4,bf16", "Q4"] {
      #expect(EncodingList(argument: wrong) == nil, "\(wrong)")
    }
  }
}
