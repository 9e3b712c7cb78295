import RouterTensor

extension Kernels {
  /// The kernels of each instruction set that this processor has, by name; scalar is always among them.
  static var available: [InstructionSet] { InstructionSet.allCases.filter { Kernels($0) != nil } }
}

extension Kernels.InstructionSet {
  /// The kernels; the tests run over ``Kernels/available`` only.
  func kernels() throws -> Kernels {
    struct Unavailable: Error {}
    guard let kernels = Kernels(self) else { throw Unavailable() }
    return kernels
  }
}
