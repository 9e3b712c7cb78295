/// Where the parts of an encoded matrix, or of some of its rows, are written.
package struct EncodedPlanes {
  /// Elements or codes `[N, K / columnsPerElement]` of ``EncodingDescriptor/dtype``.
  package let elements: UnsafeMutableRawBufferPointer
  /// f16 bit patterns `[N, K / groupSize]`, in the order of ``EncodingDescriptor/companions``.
  package let companions: [UnsafeMutableBufferPointer<UInt16>]

  package init(
    elements: UnsafeMutableRawBufferPointer, companions: [UnsafeMutableBufferPointer<UInt16>] = []
  ) {
    self.elements = elements
    self.companions = companions
  }

  /// Whether no companion has an infinite value or a NaN.
  var haveFiniteCompanions: Bool {
    companions.allSatisfy { values in
      var isFinite = true
      for i in 0..<values.count { isFinite = isFinite && values[i] & 0x7C00 != 0x7C00 }
      return isFinite
    }
  }
}
