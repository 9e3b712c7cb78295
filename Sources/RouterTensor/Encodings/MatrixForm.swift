import CRouterKernels

/// How a weight matrix `[N, K]` is held in memory, and so which kernels multiply by it.
enum MatrixForm: Sendable {
  /// Row-major f32.
  case f32
  /// Row-major bfloat16.
  case bf16
  /// Tiles of 16 rows x 32 columns, see `router_kernels.h`.
  case tiles(rk_encoding)

  /// Bytes of a matrix in tiles; nil for a form without.
  func tileByteCount(rows: Int, columns: Int) -> Int? {
    guard case .tiles(let encoding) = self else { return nil }
    return rk_tiles_bytes(encoding, rows, columns)
  }
}
