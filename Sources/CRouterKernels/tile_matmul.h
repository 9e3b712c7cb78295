// Drives block_q8 and block_q4 of the including file over row blocks and over passes of activation rows.
//
// A pass handles up to RK_PASS rows with one read of the block's tiles; the row count is a constant in each
// instance, so that the accumulators stay in registers.

static inline rk_activations rows_from(rk_activations x, size_t row, size_t k) {
  return (rk_activations){x.codes + row * k, x.scales + row * (k / rk_group), x.sums + row * (k / rk_group)};
}

#define RK_TILE_MATMUL(NAME, BLOCK, BYTES)                                                                     \
  static void NAME(const uint8_t *tiles, size_t first, size_t last, size_t n, size_t k, rk_activations x,      \
                   size_t m, float *y, size_t stride) {                                                        \
    const size_t groups = k / rk_group;                                                                        \
    for (size_t block = first; block < last; block++) {                                                        \
      const uint8_t *tile = tiles + block * groups * BYTES;                                                    \
      const size_t row = block * rk_tile_rows, lanes = n - row < rk_tile_rows ? n - row : rk_tile_rows;        \
      for (size_t i = 0; i < m;) {                                                                             \
        const rk_activations part = rows_from(x, i, k);                                                        \
        float *out = y + i * stride + row;                                                                     \
        switch (m - i) {                                                                                       \
          case 1: BLOCK(tile, groups, part, k, 1, out, stride, lanes); i += 1; break;                          \
          case 2: BLOCK(tile, groups, part, k, 2, out, stride, lanes); i += 2; break;                          \
          case 3: BLOCK(tile, groups, part, k, 3, out, stride, lanes); i += 3; break;                          \
          case 4: case 5: BLOCK(tile, groups, part, k, 4, out, stride, lanes); i += 4; break;                  \
          case 6: case 7: BLOCK(tile, groups, part, k, 6, out, stride, lanes); i += 6; break;                  \
          default: BLOCK(tile, groups, part, k, 8, out, stride, lanes); i += 8; break;                         \
        }                                                                                                      \
      }                                                                                                        \
    }                                                                                                          \
  }

RK_TILE_MATMUL(matmul_q8, block_q8, rk_q8_tile_bytes)
RK_TILE_MATMUL(matmul_q4, block_q4, rk_q4_tile_bytes)
