import RouterCheckpoint
import RouterExit
import RouterModel

/// Runs one token through the layers, asking a policy at its exits how far.
///
/// It is the ``ExitLogits`` of its own observations: logits that a policy has asked for at the exit where the
/// token leaves are not computed again.
final class ExitStep: ExitLogits {
  private let session: InferenceSession
  /// Depths to ask at, ascending, all below the session's limit.
  private let exits: [Int]
  private var decider: (any ExitDecider)?
  /// f32 `[V]`
  let output: UnsafeMutableBufferPointer<Float>
  private let previous: UnsafeMutableBufferPointer<Float>
  /// Depth at which `output` was computed for the current token; nil if it was not.
  private var outputDepth: Int?
  /// What is wanted of the logits; all of them once a few tokens have shown that less is not to be had.
  private var demand: LogitDemand
  /// Tokens in a row whose leading logits the screen could not tell.
  private var misses = 0
  /// The most probable next token, if it was found without `output`, which then holds other logits.
  private(set) var choice: Int32?

  private static let missLimit = 4

  /// - Parameter demand: what chooses a token.
  init(session: InferenceSession, mode: DecodingMode, policy: (any ExitPolicy)?, demand: LogitDemand = .all) {
    self.session = session
    self.demand = demand
    let exiting = mode == .exit ? policy : nil
    let known = Set(session.model.exits)
    exits = exiting?.exits.filter { known.contains($0) && $0 < session.depthLimit } ?? []
    decider = exits.isEmpty ? nil : exiting?.makeDecider()
    output = .allocate(capacity: session.model.configuration.vocabularySize)
    output.initialize(repeating: 0)
    previous = .allocate(capacity: session.model.configuration.width)
    previous.initialize(repeating: 0)
  }

  deinit {
    output.deallocate()
    previous.deallocate()
  }

  /// Logits of the last token in flight at the session's current depth; computed once.
  func logits() -> UnsafeBufferPointer<Float> {
    if outputDepth != session.depth, let base = output.baseAddress {
      session.logits(rows: session.rowCount - 1..<session.rowCount, into: base)
      outputDepth = session.depth
    }
    return UnsafeBufferPointer(output)
  }

  /// What came of one token.
  struct Result {
    let depth: Int
    let confidence: Float?
  }

  /// Finds what chooses the next token at the session's current depth: `choice` alone if that is enough and
  /// can be had for less, else what is wanted of the logits in `output`.
  private func conclude() {
    choice = nil
    // Logits that a policy has asked for are there.
    guard outputDepth != session.depth, let base = output.baseAddress else { return }
    let row = session.rowCount - 1
    switch demand {
    case .all: break
    case .mostProbable:
      choice = session.mostProbableToken(row: row)
      if choice != nil { return }
    case .leading(let wanted):
      if session.leadingLogits(wanted, row: row, into: base) {
        misses = 0
        return
      }
      misses += session.hasHeadScreen ? 1 : 0
      if misses == Self.missLimit { demand = .all }
    }
    _ = logits()
  }

  /// Runs prompt tokens through all layers; if `isLast`, the last one's `choice` or `output` is there then.
  func prefill(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError) {
    try session.begin(tokens)
    session.advance(to: session.depthLimit)
    outputDepth = nil
    if isLast { conclude() }
    session.commitFull()
  }

  /// Runs one token as deep as the policy wants; the next token's `choice` or `output` is there then.
  ///
  /// - Parameter index: 0-based index, within the answer, of the token that these logits choose.
  func run(_ token: Int32, index: Int) throws(ModelError) -> Result {
    try session.begin(CollectionOfOne(token))
    outputDepth = nil
    var confidence: Float?
    decider?.beginToken(index)
    var hasPrevious = false
    for exit in exits {
      session.advance(to: exit)
      let decision = decide(index: index, hasPrevious: hasPrevious)
      confidence = decision.confidence
      if decision.exits {
        conclude()
        session.propagateAndCommit()
        return Result(depth: exit, confidence: confidence)
      }
      _ = previous.update(fromContentsOf: session.hidden)
      hasPrevious = true
    }
    session.advance(to: session.depthLimit)
    conclude()
    session.commitFull()
    return Result(depth: session.depthLimit, confidence: confidence)
  }

  private func decide(index: Int, hasPrevious: Bool) -> ExitDecision {
    decider?.decide(
      ExitObservation(
        depth: session.depth, layerCount: session.model.configuration.layerCount, tokenIndex: index,
        hidden: session.hidden, previousHidden: hasPrevious ? UnsafeBufferPointer(previous) : nil,
        logits: self))
      ?? .proceed(confidence: nil)
  }
}
