import Foundation
import RouterCheckpoint
import RouterModel
import RouterRandom
import RouterTensor

/// Trains one adapter for each exit of a frozen model on cached hidden states.
///
/// The same settings, cache and model give the same weights, bit for bit, whether or not the run was
/// interrupted and on any number of threads.
package final class AdapterTrainer {
  private let head: SharedHead
  private let cache: StateCache
  private let settings: AdapterSettings
  private let statePath: String?
  private let team: ThreadTeam
  private let exits: [Int]
  private var frequent: [Int32] = []
  private let parameters: AlignedBuffer
  private let first: AlignedBuffer
  private let second: AlignedBuffer
  /// Steps that are done.
  package private(set) var step = 0
  /// Rows of the cache that the run draws from: those it had when the run began, though the file may have grown.
  private var rowCount: Int
  /// XXH64 of the adapters that the run started from; nil for the identity.
  private let initialDigest: UInt64?
  /// Learning rates that the run had before it was resumed with others, oldest first.
  package private(set) var pastLearningRates: [PastLearningRate] = []

  /// What the state file says about the run it belongs to.
  private struct Header: Codable, Equatable {
    var settings: AdapterSettings
    let layout: StateLayout
    let initial: UInt64?
    var pastLearningRates: [PastLearningRate]
    var rowCount: Int
    var step: Int
  }

  /// Prepares a run, or the rest of one if there is a state file. The rest may have another learning rate.
  ///
  /// - Parameters:
  ///   - initial: adapters to start from; nil for the identity. The rest of a run starts from its state, and needs
  ///     them only to tell that it is the same run.
  ///   - statePath: where the run keeps its state; nil to keep none.
  /// - Throws: ``TrainingError`` `invalidSettings`, `unusableData`, `foreignFile` or `corruptFile`.
  package init(
    model: LlamaModel, cache: StateCache, settings: AdapterSettings, initial: ExitAdapters? = nil,
    statePath: String? = nil
  ) throws {
    try settings.validate()
    guard cache.layout.width == model.configuration.width, cache.layout.exits.last == model.layerCount else {
      throw TrainingError(
        .foreignFile, "the hidden states are of a model of another shape", at: cache.path,
        remedy: "Compute them again with this model.")
    }
    guard cache.rowCount >= settings.batchTokens else {
      throw TrainingError(
        .unusableData, "\(cache.rowCount) positions do not fill a batch of \(settings.batchTokens)",
        at: cache.path, remedy: "Give more text or a smaller batch.")
    }
    head = SharedHead(model)
    team = model.matmul.team
    self.cache = cache
    rowCount = cache.rowCount
    self.settings = settings
    self.statePath = statePath
    exits = Array(cache.layout.exits.dropLast())
    let count = exits.count * settings.kind.parameterCount(width: head.width)
    parameters = AlignedBuffer(floats: count)
    first = AlignedBuffer(floats: count)
    second = AlignedBuffer(floats: count)
    if let initial {
      guard initial.kind == settings.kind, initial.exits == exits, initial.width == head.width else {
        throw TrainingError(
          .foreignFile, "the adapters to start from are of another kind or shape",
          remedy: "Start without them.")
      }
      initialDigest = initial.values.withUnsafeBytes { XXH64.hash($0) }
      parameters.floats.update(from: initial.values, count: count)
    } else {
      initialDigest = nil
      initialise()
    }
    try resume()
    frequent = try frequentTokens()
  }

  /// The adapters as they are now.
  package var adapters: ExitAdapters {
    ExitAdapters(
      kind: settings.kind, exits: exits, width: head.width,
      values: Array(UnsafeBufferPointer(start: parameters.floats, count: parameters.floatCount)))
  }

  /// Runs the steps that are left.
  ///
  /// - Parameter onStep: called after each step and before its state is written, so that a run that is killed does
  ///   again what the caller has heard of; returns false to stop, with the state written.
  /// - Throws: ``TrainingError`` `diverged`, whereupon the last written state is untouched; file errors.
  package func run(onStep: (AdapterStep) throws -> Bool) throws {
    let rate = LearningRate(
      peak: settings.learningRate, warmupSteps: settings.warmupSteps, steps: settings.steps)
    let objective = AdapterObjective(
      head: head, kind: settings.kind, exitCount: exits.count, capacity: settings.batchTokens, team: team)
    let batch = StateBatch(layout: cache.layout, capacity: settings.batchTokens)
    let gradients = AlignedBuffer(floats: parameters.floatCount)
    let whole = VocabularySample(whole: head.vocabularySize)
    var order = (epoch: -1, rows: [Int32]())
    let (start, firstStep) = (Date(), step)
    while step < settings.steps {
      let perEpoch = rowCount / settings.batchTokens
      let epoch = step / perEpoch
      if order.epoch != epoch {
        var random = SplitMix64(seed: settings.seed, purpose: .order, number: epoch)
        order = (epoch, random.visitingOrder(of: rowCount))
      }
      let offset = step % perEpoch * settings.batchTokens
      try batch.load(
        order.rows[offset..<offset + settings.batchTokens], from: cache,
        vocabularySize: head.vocabularySize)
      gradients.clear()
      let losses = objective.addGradients(
        of: batch, over: sample(for: batch) ?? whole, argmaxShare: settings.argmaxShare,
        parameters: parameters.floats, into: gradients.floats)
      guard losses.allSatisfy(\.isFinite) else {
        throw TrainingError.diverged("the loss", step: step + 1, state: statePath)
      }
      step += 1
      update(gradients, learningRate: rate(step))
      let seconds = max(Date().timeIntervalSince(start), 1e-9)
      let speed = Double(step - firstStep) / seconds
      let report = AdapterStep(
        step: step, steps: settings.steps, losses: losses, learningRate: rate(step),
        tokensPerSecond: speed * Double(settings.batchTokens),
        secondsLeft: Double(settings.steps - step) / speed)
      let goesOn = try onStep(report)
      if !goesOn || step == settings.steps || step % settings.checkpointEvery == 0 { try save() }
      if !goesOn { return }
    }
  }

  /// The step's part of the vocabulary; nil for all of it.
  private func sample(for batch: StateBatch) -> VocabularySample? {
    guard case .sampled(let teacherTop, _, let sampled) = settings.vocabulary,
      step < settings.steps - settings.fullVocabularySteps
    else { return nil }
    let topCount = batch.layout.topCount
    var certain = frequent
    for row in 0..<batch.rows {
      certain += batch.top[row * topCount..<row * topCount + min(teacherTop, topCount)]
    }
    certain += batch.targets
    var random = SplitMix64(seed: settings.seed, purpose: .vocabulary, number: step)
    return VocabularySample(
      certain: certain, sampled: sampled, vocabularySize: head.vocabularySize, random: &random)
  }

  private func update(_ gradients: AlignedBuffer, learningRate: Float) {
    let optimiser = AdamW(weightDecay: settings.weightDecay)
    let (count, part) = (parameters.floatCount, 1 << 16)
    team.run(chunks: (count + part - 1) / part) { chunk in
      optimiser.apply(
        step: step, learningRate: learningRate, start: chunk * part,
        count: min(part, count - chunk * part), parameters: parameters.floats,
        gradients: gradients.floats, first: first.floats, second: second.floats)
    }
  }

  /// A linear adapter starts as the identity; a gated one with random inner maps and a zero map back.
  private func initialise() {
    guard case .gated(let inner) = settings.kind else { return }
    let scale = 1 / Float(head.width).squareRoot()
    let each = settings.kind.parameterCount(width: head.width)
    for exit in exits.indices {
      var random = SplitMix64(seed: settings.seed, purpose: .initialValues, number: exit)
      for i in 0..<2 * inner * head.width {
        parameters.floats[exit * each + i] = random.initialValue() * scale
      }
    }
  }

  /// The tokens that the teacher chooses most often, from a spread of rows.
  private func frequentTokens() throws -> [Int32] {
    guard case .sampled(_, let count, _) = settings.vocabulary, count > 0 else { return [] }
    var counts: [Int32: Int] = [:]
    let spread = min(rowCount, 8192)
    let batch = StateBatch(layout: cache.layout, capacity: 1)
    for i in 0..<spread {
      try batch.load(
        CollectionOfOne(Int32(i * rowCount / spread)), from: cache, vocabularySize: head.vocabularySize)
      counts[batch.argmax(0), default: 0] += 1
    }
    let ranked = counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
    return ranked.prefix(count).map(\.key)
  }

  private var header: Header {
    Header(
      settings: settings, layout: cache.layout, initial: initialDigest,
      pastLearningRates: pastLearningRates, rowCount: rowCount, step: step)
  }

  private func save() throws {
    guard [parameters, first, second].allSatisfy(\.isFinite) else {
      throw TrainingError.diverged("an adapter", step: step, state: statePath)
    }
    guard let statePath else { return }
    try TrainingState.write(header, blocks: [parameters, first, second], to: statePath)
  }

  private func resume() throws {
    guard let statePath else { return }
    let found = try TrainingState.read(
      Header.self, blocks: [parameters, first, second], from: statePath
    ) { found in
      guard found.initial == initialDigest else {
        throw TrainingError(
          .foreignFile,
          "the run that left its state started from \(found.initial == nil ? "no" : "other") adapters",
          at: statePath, remedy: "Give what it was started with, or delete the state to start anew.")
      }
      var expected = header
      (expected.step, expected.rowCount) = (found.step, found.rowCount)
      expected.pastLearningRates = found.pastLearningRates
      expected.settings.learningRate = found.settings.learningRate
      guard found == expected, (settings.batchTokens...cache.rowCount).contains(found.rowCount),
        (0...settings.steps).contains(found.step)
      else {
        throw TrainingError(
          .foreignFile, "the state belongs to a run with other settings, data or model", at: statePath,
          remedy: "Delete it to start anew, or give the settings it was started with.")
      }
    }
    guard let found else { return }
    (step, rowCount) = (found.step, found.rowCount)
    pastLearningRates = found.pastLearningRates.adding(
      found.settings.learningRate, through: found.step, before: settings.learningRate)
  }
}
