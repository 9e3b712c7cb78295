/// The largest of many logits.
package enum TopTokens {
  /// The indices of the `count` largest values in falling order; of equal ones the first. NaN counts as least.
  package static func largest(_ count: Int, of values: UnsafeBufferPointer<Float>) -> [Int32] {
    var best: [(value: Float, index: Int32)] = []
    best.reserveCapacity(count + 1)
    var least = -Float.infinity
    for (index, value) in values.enumerated() where best.count < count || value > least {
      let shown = value.isNaN ? -Float.infinity : value
      var place = best.count
      while place > 0, best[place - 1].value < shown { place -= 1 }
      best.insert((shown, Int32(index)), at: place)
      if best.count > count { best.removeLast() }
      if best.count == count { least = best[count - 1].value }
    }
    return best.map(\.index)
  }
}
