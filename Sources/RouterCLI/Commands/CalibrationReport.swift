import RouterCalibration
import RouterEvaluation
import RouterExit

/// What `router calibrate` tells about its work.
struct CalibrationReport: Encodable {
  let path: String
  let trace: String
  /// The HTML file with the pictures.
  let page: String
  let layers: Int
  let fullTokensPerSecond: Double?
  /// Seconds of `verify`, which loses nothing, over full depth's; nil where it was not timed.
  let verifiedRatio: Double?
  let times: Times
  let candidates: [Row]
  let estimators: [Estimator]
  /// The leading candidate's tested points.
  let rows: [TestedPoint]
  /// 0-based index of the certified one.
  let certified: Int?
  let exits: [PathPlan.Payoff]
  let simulation: RecalibrationStudy.Result?
  let policy: PolicyFile

  /// What parts of a token cost by the machine's cost model, in seconds, after the mean number of positions.
  struct Times: Encodable {
    let context: Double
    let layer: Double
    let head: Double
    /// A token at full depth.
    let full: Double
  }

  /// One candidate.
  struct Row: Encodable {
    let name: String
    let verdict: CandidateOutcome.Verdict
    /// One decision, in seconds, the head not included.
    let check: Double
    let trial: AnswerFigures?
    /// Upper bound of the expected loss at the certified point.
    let bound: Double?
    let race: AnswerFigures?
  }

  /// What one learned network does on held-out prompts.
  struct Estimator: Encodable {
    let name: String
    let exit: Int
    let auc: Double
    let brier: Double
    let calibrationError: Double
    let agreement: Double
    let tokens: Int
  }

  init(
    _ outcome: CalibrationOutcome, path: String, trace: String, page: String, layers: Int,
    simulation: RecalibrationStudy.Result?
  ) {
    self.path = path
    self.trace = trace
    self.page = page
    self.layers = layers
    self.simulation = simulation
    fullTokensPerSecond = outcome.fullTokensPerSecond
    verifiedRatio = outcome.verifiedRatio
    times = Times(
      context: outcome.context,
      layer: outcome.costs.seconds(layers: 1, rows: 1, context: outcome.context),
      head: outcome.costs.headSeconds(), full: outcome.fullSeconds)
    candidates = outcome.candidates.map {
      Row(
        name: $0.candidate.rawValue, verdict: $0.verdict, check: outcome.costs.decisionSeconds($0.candidate),
        trial: $0.trial, bound: $0.certifiedBound, race: $0.race)
    }
    estimators = outcome.trained.flatMap { trained in
      trained.estimator.networks.compactMap { network in
        network.quality.map {
          Estimator(
            name: trained.estimator.kind.rawValue, exit: network.depth, auc: $0.auc, brier: $0.brier,
            calibrationError: $0.calibrationError, agreement: $0.agreement, tokens: $0.tokens)
        }
      }
    }
    rows = outcome.testedPoints
    certified = outcome.certified
    exits = outcome.leading?.plan.payoffs ?? []
    policy = outcome.policy
  }
}
