/// What a checkpoint or an adapter file says about its exit adapters.
package struct AdapterRecord: Sendable, Equatable, Codable {
  /// What each adapter computes.
  package let kind: ExitAdapterKind
  /// Depths that have an adapter, ascending; full depth has none.
  package let exits: [Int]
  /// Fingerprint of the checkpoint that the adapters were trained on.
  package let baseFingerprint: String
  /// SHA-256 of the file that the checkpoint was imported from, lowercase hexadecimal, if there was one file and its
  /// weights were not tuned since.
  package let baseSourceSHA256: String?
  /// How the checkpoint's weights are stored, such as `mixed q4/q8`.
  package let baseQuantization: String
  /// The run that made them: command, data, steps; then what the draft table and the narrow head were learnt from.
  package private(set) var tuning: String
  /// Licence of the adapters, as an SPDX identifier where one is known.
  package let license: String?

  private enum CodingKeys: String, CodingKey {
    case kind, exits, tuning, license
    case baseFingerprint = "base_fingerprint"
    case baseSourceSHA256 = "base_source_sha256"
    case baseQuantization = "base_quantization"
  }

  /// Describes adapters that were trained on the checkpoint `base`, whose identity is `fingerprint`. Adapters that it
  /// has already are no part of what they were trained on.
  package init(
    kind: ExitAdapterKind, exits: [Int], base: CheckpointMetadata, fingerprint: String, tuning: String,
    license: String?
  ) {
    self.kind = kind
    self.exits = exits
    baseFingerprint = base.adapter?.baseFingerprint ?? fingerprint
    baseSourceSHA256 = base.provenance.tuning == nil ? base.provenance.sourceSHA256 : nil
    baseQuantization = base.quantization
    self.tuning = tuning
    self.license = license
  }

  /// What the record says was learnt apart from the adapters; the raw value introduces its description in ``tuning`` and
  /// is part of the file format.
  enum Note: String, CaseIterable {
    case drafts = "; guesses: "
    case narrowHead = "; narrow head: "
  }

  /// The description of the adapters' own run.
  private var run: Substring { tuning[..<(noteStarts.first?.start ?? tuning.endIndex)] }

  /// Notes that are there and where their marks are, in the order of the text.
  private var noteStarts: [(note: Note, start: String.Index)] {
    Note.allCases.compactMap { note in
      tuning.firstRange(of: note.rawValue).map { (note, $0.lowerBound) }
    }.sorted { $0.start < $1.start }
  }

  /// A note's text; nil if there is none.
  private func text(of note: Note) -> Substring? {
    let starts = noteStarts
    guard let index = starts.firstIndex(where: { $0.note == note }) else { return nil }
    let end = index + 1 < starts.count ? starts[index + 1].start : tuning.endIndex
    return tuning[starts[index].start..<end].dropFirst(note.rawValue.count)
  }

  /// The record with another note; nil takes it out.
  func noting(_ note: Note, _ text: String?) -> AdapterRecord {
    var record = self
    record.tuning = String(run)
    for other in Note.allCases {
      let kept = other == note ? text : self.text(of: other).map(String.init)
      if let kept { record.tuning += other.rawValue + kept }
    }
    return record
  }

  /// The record of these adapters on the tuned checkpoint `base`, whose identity without them is `fingerprint`.
  ///
  /// - Parameters:
  ///   - exits: depths that still have an adapter, ascending.
  ///   - tuned: names of the tensors that were tuned; adapters without any are as they were.
  ///   - keepsDrafts: whether the checkpoint still has the draft table that the record may describe.
  func retuned(
    exits: [Int], tuned: Set<String>, base: CheckpointMetadata, fingerprint: String, tuning: String,
    license: String?, keepsDrafts: Bool
  ) -> AdapterRecord {
    var text = "\(tuning); started from adapters made by: \(run)"
    let others = exits.filter { exit in
      !kind.parts(width: base.configuration.width).contains {
        tuned.contains(TensorName.adapter(exit: exit, $0.name))
      }
    }
    if !others.isEmpty { text += "; as they were at exits " + others.map(String.init).joined(separator: " ") }
    if keepsDrafts, let drafts = self.text(of: .drafts) {
      text += Note.drafts.rawValue + "before the tuning, " + drafts
    }
    return AdapterRecord(
      kind: kind, exits: exits, base: base, fingerprint: fingerprint, tuning: text,
      license: license ?? self.license)
  }

  /// Whether the adapters were trained on these weights: the same checkpoint, or another import of the same
  /// source to the same encodings.
  package func fits(_ metadata: CheckpointMetadata, fingerprint: String?) -> Bool {
    // A model that has adapters already was another file before it got them.
    if fingerprint == baseFingerprint || metadata.adapter?.baseFingerprint == baseFingerprint { return true }
    guard let source = metadata.provenance.sourceSHA256, metadata.provenance.tuning == nil else {
      return false
    }
    return source == baseSourceSHA256 && metadata.quantization == baseQuantization
  }
}
