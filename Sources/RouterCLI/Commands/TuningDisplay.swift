import RouterTraining
import Synchronization

/// Progress of a tuning run on standard error.
final class TuningDisplay: Sendable {
  /// Of the stage that is under way.
  private let bar = Mutex<ProgressBar?>(nil)

  /// Shows what a run tells.
  func show(_ event: TuningEvent) {
    switch event {
    case .note(let text): Terminal.note(text)
    case .began(let stage): begin(stage.label)
    case .read(let share, let positions): update(share, "\(positions) positions")
    case .stepped(let progress):
      update(Double(progress.step) / Double(progress.steps), Self.remark(progress))
    case .wrote(let share): update(share)
    case .ended: finish()
    }
  }

  /// Takes the bar away that a run which failed has left.
  func finish() {
    bar.withLock { bar in
      bar?.finish()
      bar = nil
    }
  }

  private func begin(_ label: String) {
    finish()
    bar.withLock { $0 = ProgressBar(label) }
  }

  private func update(_ share: Double, _ remark: String = "") {
    bar.withLock { $0?.update(share, remark) }
  }

  /// Such as `step 10 of 100, loss 9: 4.10 30: 1.62, 512 tokens/s`.
  private static func remark(_ progress: TuningEvent.Progress) -> String {
    let shown = progress.losses.map { "\($0.exit): \(String.fixed(Double($0.loss), 2))" }
    return "step \(progress.step) of \(progress.steps), loss \(shown.joined(separator: " ")), "
      + "\(String.fixed(progress.tokensPerSecond, 0)) tokens/s"
  }
}

extension TuningEvent.Stage {
  /// Beside its bar.
  fileprivate var label: String {
    switch self {
    case .readingTexts: "Reading texts"
    case .readingHeldOut: "Reading held-out texts"
    case .tuning: "Tuning"
    case .writing: "Writing"
    }
  }
}
