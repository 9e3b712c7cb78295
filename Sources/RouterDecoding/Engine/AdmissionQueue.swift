/// Requests that wait for their turn: first come, first served, each sequence one place.
///
/// A pure value. Whoever has gone away holds no place.
struct AdmissionQueue<Job> {
  /// Requests that may wait beyond those for which there is a place at once.
  let limit: Int
  private(set) var jobs: [Job] = []
  private let isGone: (Job) -> Bool

  init(limit: Int, isGone: @escaping (Job) -> Bool) {
    self.limit = limit
    self.isGone = isGone
  }

  var count: Int { jobs.count }
  var isEmpty: Bool { jobs.isEmpty }

  /// Takes a request.
  ///
  /// - Parameter free: places that are free at this moment.
  /// - Returns: false if the queue is full.
  mutating func append(_ job: Job, free: Int) -> Bool {
    jobs.removeAll(where: isGone)
    guard jobs.count < limit + max(0, free) else { return false }
    jobs.append(job)
    return true
  }

  /// Takes the first request out if `fits` says so; those behind it wait for it.
  mutating func popFirst(if fits: (Job) -> Bool) -> Job? {
    jobs.removeAll(where: isGone)
    guard let first = jobs.first, fits(first) else { return nil }
    return jobs.removeFirst()
  }

  /// Takes all out.
  mutating func removeAll() -> [Job] {
    defer { jobs.removeAll() }
    return jobs
  }
}
