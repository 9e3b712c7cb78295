import RouterCheckpoint
import RouterTensor

/// Reads a given text once and stops where its states are wanted: at some exits, for some positions (teacher
/// forcing: every token is read after those of the text, whatever the model would have said).
///
/// The text goes up the layers in batches. Work comes in small pieces, one layer of a batch at most, so that whoever
/// does it can turn to something else in between. One thread at a time uses a pass.
package final class TeacherForcedPass {
  /// What a piece of work led to.
  package enum Progress {
    /// There is more to do.
    case reading
    /// Wanted positions have reached an exit; their states are there until the next piece of work.
    case stopped(ForcedStates)
    /// All wanted positions have reached all exits.
    case finished
  }

  private enum Phase {
    /// The batch that begins at this position is next.
    case batch(start: Int)
    /// The rows in flight, from position `start`, are on their way to the exit with this 0-based index.
    case layers(start: Int, exit: Int)
    /// The rows in flight have been at the last exit.
    case end
    case finished
  }

  let session: InferenceSession
  /// The text, as far as it is read.
  private let tokens: ArraySlice<Int32>
  private let wanted: Range<Int>
  private let exits: [Int]
  private let batchRows: Int
  private var phase: Phase
  /// f32 `[headRows, V]`; made when logits are first asked for.
  private(set) lazy var logits = AlignedBuffer(
    byteCount: ForcedStates.headRows * session.model.configuration.vocabularySize * 4)

  /// Prepares to read a text in a session of its own.
  ///
  /// - Parameters:
  ///   - tokens: `[T]`, the text; what follows the last wanted position is not read.
  ///   - wanted: 0-based positions whose states are wanted; the state of position p predicts token p + 1.
  ///   - exits: depths at which they are, ascending, at least one.
  ///   - batchRows: tokens of a batch at most.
  /// - Throws: ``ModelError`` `contextOverflow` if the text exceeds the context, `unknownExit`.
  package convenience init(
    _ model: LlamaModel, tokens: [Int32], wanted: Range<Int>, exits: [Int],
    batchRows: Int = InferenceSession.maximumRows
  ) throws(ModelError) {
    let session = try InferenceSession(
      model: model, capacity: max(wanted.upperBound, 1),
      depthLimit: exits.last == model.layerCount ? nil : exits.last)
    self.init(in: session, tokens: tokens, wanted: wanted, exits: exits, batchRows: batchRows)
  }

  /// Prepares to read a text in a session that is there, which forgets what it holds.
  ///
  /// - Parameters:
  ///   - session: with room for the text, and with the last exit as its limit.
  ///   - tokens: `[T]`, the text; what follows the last wanted position is not read.
  ///   - wanted: 0-based positions whose states are wanted; the state of position p predicts token p + 1.
  ///   - exits: depths at which they are, ascending, at least one.
  ///   - batchRows: tokens of a batch at most.
  package init(
    in session: InferenceSession, tokens: [Int32], wanted: Range<Int>, exits: [Int],
    batchRows: Int = InferenceSession.maximumRows
  ) {
    precondition(wanted.lowerBound >= 0 && wanted.upperBound <= tokens.count, "\(wanted) of \(tokens.count)")
    precondition(exits.last == session.depthLimit, "exits \(exits) of \(session.depthLimit) layers")
    precondition(zip(exits, exits.dropFirst()).allSatisfy { $0 < $1 }, "exits \(exits)")
    session.rollBack(to: 0)
    self.session = session
    self.tokens = tokens[..<wanted.upperBound]
    self.wanted = wanted
    self.exits = exits
    self.batchRows = min(batchRows, session.rowLimit)
    phase = wanted.isEmpty ? .finished : .batch(start: 0)
  }

  /// Does one piece of work: takes a batch in, runs one layer of it, or lets it go.
  ///
  /// - Throws: ``ModelError`` `unknownToken` if a token is outside the vocabulary.
  package func advance() throws(ModelError) -> Progress {
    switch phase {
    case .batch(let start):
      try session.begin(tokens[start..<min(start + batchRows, tokens.count)])
      phase = .layers(start: start, exit: 0)
    case .layers(let start, let exit):
      session.advance(to: session.depth + 1)
      guard session.depth == exits[exit] else { break }
      phase = exit + 1 < exits.count ? .layers(start: start, exit: exit + 1) : .end
      let positions = wanted.clamped(to: start..<start + session.rowCount)
      if !positions.isEmpty {
        return .stopped(ForcedStates(pass: self, exitIndex: exit, positions: positions, start: start))
      }
    case .end:
      session.commitFull()
      phase = session.position < tokens.count ? .batch(start: session.position) : .finished
    case .finished: break
    }
    if case .finished = phase { return .finished }
    return .reading
  }

  /// Works until wanted positions reach an exit.
  ///
  /// - Returns: their states, valid until the next piece of work; nil once there are no more.
  /// - Throws: ``ModelError`` `unknownToken` if a token is outside the vocabulary.
  package func next() throws(ModelError) -> ForcedStates? {
    while true {
      switch try advance() {
      case .reading: continue
      case .stopped(let states): return states
      case .finished: return nil
      }
    }
  }
}
