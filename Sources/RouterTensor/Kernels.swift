import CRouterKernels

/// The kernels of one instruction set, as a table of C functions.
///
/// `@unchecked Sendable`: the table is a constant of the program.
package struct Kernels: @unchecked Sendable {
  package let table: UnsafePointer<rk_kernels>

  /// Instruction sets that this package has kernels for, slowest first.
  package enum InstructionSet: String, Sendable, CaseIterable {
    case scalar, avx2, avx512, neon

    var code: rk_isa {
      switch self {
      case .scalar: rk_isa_scalar
      case .avx2: rk_isa_avx2
      case .avx512: rk_isa_avx512
      case .neon: rk_isa_neon
      }
    }
  }

  /// The fastest kernels that this processor runs.
  package static let best = Kernels(table: rk_best())

  private init(table: UnsafePointer<rk_kernels>) { self.table = table }

  /// The kernels for one instruction set; nil where the processor lacks it.
  package init?(_ instructionSet: InstructionSet) {
    guard let table = rk_for(instructionSet.code) else { return nil }
    self.table = table
  }

  /// The name of the instruction set.
  package var name: String { String(cString: table.pointee.name) }
}
