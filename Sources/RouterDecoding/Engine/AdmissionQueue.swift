/// Requests that wait for their turn: first come, first served, but for those whose beginning is in memory, which go
/// first while nobody is passed over too often. Each sequence has one place.
///
/// A pure value. Whoever has gone away holds no place.
package struct AdmissionQueue<Job> {
  /// Requests that may wait beyond those for which there is a place at once.
  private let limit: Int
  /// How often a request may be passed over.
  private let patience: Int
  private var places: [Place] = []
  private let isGone: (Job) -> Bool

  private struct Place {
    let job: Job
    /// How often a later request has gone first.
    var passed = 0
  }

  package init(limit: Int, patience: Int, isGone: @escaping (Job) -> Bool) {
    self.limit = limit
    self.patience = patience
    self.isGone = isGone
  }

  package var count: Int { places.count }
  package var isEmpty: Bool { places.isEmpty }

  /// Takes a request.
  ///
  /// - Parameter free: places that are free at this moment.
  /// - Returns: false if the queue is full.
  package mutating func append(_ job: Job, free: Int) -> Bool {
    places.removeAll { isGone($0.job) }
    guard places.count < limit + max(0, free) else { return false }
    places.append(Place(job: job))
    return true
  }

  /// Takes the request out whose turn it is, if `fits` says so; the others wait for it.
  ///
  /// - Parameter gain: what it saves to take a request now rather than later.
  package mutating func popNext(gain: (Job) -> Int, if fits: (Job) -> Bool) -> Job? {
    places.removeAll { isGone($0.job) }
    guard var next = places.indices.first else { return nil }
    // The first has been passed over most often.
    if places.count > 1, places[0].passed < patience {
      var most = gain(places[0].job)
      for index in 1..<places.count {
        let own = gain(places[index].job)
        if own > most { (next, most) = (index, own) }
      }
    }
    guard fits(places[next].job) else { return nil }
    for index in 0..<next { places[index].passed += 1 }
    return places.remove(at: next).job
  }

  /// Takes all out.
  package mutating func removeAll() -> [Job] {
    defer { places.removeAll() }
    return places.map(\.job)
  }
}
