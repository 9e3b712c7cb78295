import RouterCheckpoint
import Testing

struct CheckpointErrorTests {
  @Test func readsAsWhatWhereAndRemedy() {
    let error = CheckpointError(
      .corrupt, "a frame is damaged", at: .init(file: "/m/a.zst", tensor: "lm_head.weight", offset: 12),
      remedy: "Import it again.")
    #expect("\(error)" == "a frame is damaged (/m/a.zst, tensor lm_head.weight, byte 12). Import it again.")
    #expect("\(CheckpointError(.corrupt, "it broke", remedy: "Mend it."))" == "it broke. Mend it.")
  }

  @Test func hostileNamesAreShownHarmlessly() {
    let error = CheckpointError(
      .corrupt, "x", at: .init(tensor: "\u{1B}[2J\u{202E}" + String(repeating: "a", count: 300)), remedy: "Y."
    )
    #expect("\(error)".hasPrefix(#"x (tensor \u{1b}[2J\u{202e}aaa"#))
    #expect("\(error)".hasSuffix("aaa...). Y."))
    #expect("\(error)".count < 240)
  }
}
