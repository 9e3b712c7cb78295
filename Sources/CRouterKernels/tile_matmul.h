// Drives block_q8 and block_q4 of the including file over row blocks, panels of groups and passes of
// activation rows.
//
// A pass handles up to RK_PASS rows with one read of the tiles; the row count is a constant in each instance,
// so that the accumulators stay in registers. With more rows than one pass takes, a panel of the tiles stays
// in the first-level cache for all of them, and the f32 totals wait in y from one panel to the next: a row
// adds its groups in the same order in whatever company it is.

/// Instances for more rows than a pass takes are never called.
#define RK_ROWS(N) (N < RK_PASS ? N : RK_PASS)

/// Groups of a panel: 16 kB of q8 tiles.
enum { rk_panel = 32 };

static inline rk_activations activations_from(rk_activations x, size_t row, size_t k, size_t group) {
  const size_t at = row * (k / rk_group) + group;
  return (rk_activations){x.codes + at * rk_group, x.scales + at, x.sums + at};
}

/// Asks for part `pass` of `passes` of the `bytes` bytes at `next`, which the passes to come will read: what lies
/// between two panels is too long for the processor to see the stream.
static inline void prefetch_slice(const uint8_t *next, size_t bytes, size_t pass, size_t passes) {
  for (size_t at = bytes * pass / passes / 64 * 64; at < bytes * (pass + 1) / passes; at += 64)
    __builtin_prefetch(next + at, 0, 2);
}

#define RK_TILE_MATMUL(NAME, BLOCK, BYTES)                                                                  \
  static void NAME(const uint8_t *tiles, size_t first, size_t last, size_t n, size_t k, rk_activations x,   \
                   size_t m, float *y, size_t stride) {                                                     \
    const size_t groups = k / rk_group, passes = (m + RK_PASS - 1) / RK_PASS;                               \
    const size_t panel = passes > 1 ? rk_panel : groups;                                                    \
    const int streams = passes == 1;                                                                        \
    for (size_t block = first; block < last; block++) {                                                     \
      const size_t row = block * rk_tile_rows, lanes = n - row < rk_tile_rows ? n - row : rk_tile_rows;     \
      for (size_t group = 0; group < groups; group += panel) {                                              \
        const size_t count = groups - group < panel ? groups - group : panel;                               \
        const uint8_t *tile = tiles + (block * groups + group) * BYTES;                                     \
        for (size_t i = 0, pass = 0; pass < passes; pass++) {                                               \
          const size_t rows = (m - i + passes - pass - 1) / (passes - pass);                                \
          if (!streams) prefetch_slice(tile + count * BYTES, count * BYTES, pass, passes);                  \
          const rk_activations part = activations_from(x, i, k, group);                                     \
          float *out = y + i * stride + row;                                                                \
          switch (rows) {                                                                                   \
            case 1: BLOCK(tile, count, part, k, 1, out, stride, lanes, group > 0, streams); break;          \
            case 2: BLOCK(tile, count, part, k, 2, out, stride, lanes, group > 0, streams); break;          \
            case 3: BLOCK(tile, count, part, k, 3, out, stride, lanes, group > 0, streams); break;          \
            case 4: BLOCK(tile, count, part, k, 4, out, stride, lanes, group > 0, streams); break;          \
            case 5: BLOCK(tile, count, part, k, RK_ROWS(5), out, stride, lanes, group > 0, streams); break; \
            case 6: BLOCK(tile, count, part, k, RK_ROWS(6), out, stride, lanes, group > 0, streams); break; \
            case 7: BLOCK(tile, count, part, k, RK_ROWS(7), out, stride, lanes, group > 0, streams); break; \
            default: BLOCK(tile, count, part, k, RK_PASS, out, stride, lanes, group > 0, streams); break;   \
          }                                                                                                 \
          i += rows;                                                                                        \
        }                                                                                                   \
      }                                                                                                     \
    }                                                                                                       \
  }

RK_TILE_MATMUL(matmul_q8, block_q8, rk_q8_tile_bytes)
RK_TILE_MATMUL(matmul_q4, block_q4, rk_q4_tile_bytes)
