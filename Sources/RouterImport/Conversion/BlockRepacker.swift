import RouterTensor

/// Moves quantised blocks into the checkpoint's layout without a detour through floating point.
package enum BlockRepacker {
  /// How `source` blocks move into `target`, or nil if they must be encoded anew.
  package static func fidelity(from source: SourceEncoding, to target: WeightEncoding) -> Repacking.Fidelity?
  {
    source.format.repackings[target]?.fidelity
  }

  /// Repacks whole blocks; false if they must be encoded anew.
  ///
  /// - Precondition: the buffers' sizes agree.
  package static func repack(
    _ source: SourceEncoding, to target: WeightEncoding, _ bytes: UnsafeRawBufferPointer,
    into planes: EncodedPlanes
  ) -> Bool {
    let format = source.format
    guard let repacking = format.repackings[target] else { return false }
    guard let blocks = format.blocks(bytes), let goal = Repacking.Target(planes) else { return true }
    let descriptor = target.descriptor
    let elements = blocks.count * format.blockElements
    precondition(
      planes.elements.count == descriptor.elementByteCount(weights: elements)
        && planes.companions.allSatisfy { $0.count * descriptor.groupSize == elements },
      "buffers differ in size")
    repacking.move(blocks, goal)
    return true
  }
}
