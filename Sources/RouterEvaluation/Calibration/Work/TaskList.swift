/// Tasks that can be done now.
package struct TaskList: Sendable, Equatable {
  /// What they are for, in words, such as `probe: point 2 of at most 7`.
  package let stage: String
  /// Tasks by prompt. Groups do not need each other; tasks of one group are done in order and without a pause, since
  /// their times may be compared.
  package let groups: [[CalibrationTask]]

  package init(stage: String, groups: [[CalibrationTask]]) {
    self.stage = stage
    self.groups = groups
  }
}
