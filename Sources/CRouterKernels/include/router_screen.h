// A 4-bit copy of a matrix that says, at half the bytes, which rows of a product can still be the largest.
//
// The copy L of a matrix W [N, K] differs from W - c, c one vector for all rows, by a residual e = W - c - L.
// For any split of the space into a subspace and its complement, Cauchy and Schwarz give for every row
//
//   w . x  <=  l . x + c . x + |e inside| |x inside| + |e outside| |x outside|
//
// so what a block of 16 rows can reach at most is known from L and two norms a row: its ceiling.
//
// A code is an index into 16 levels, those that encode normally distributed weights with the least error:
// l = row scale * group scale * level. A block of 16 rows lies in one piece, each part starting where the
// last one ends and the codes at a multiple of 64 bytes:
//
//   bf16 row scale[16]; bf16 |e inside|[16]; bf16 |e outside|[16]; u8 group scale[K / 32][16]; padding;
//   u8 code[K / 32][4][16][4]: byte [g][j][r][c] holds column 32 g + 8 j + c of row r in its low nibble and
//   column 32 g + 8 j + 4 + c in its high nibble.
//
// Rows past N hold zeros.

#ifndef ROUTER_SCREEN_H
#define ROUTER_SCREEN_H

#include "router_kernels.h"

/// The two factors of a ceiling that depend on the activations.
typedef struct rk_reach {
  float inside;   ///< |x inside|
  float outside;  ///< |x outside|
} rk_reach;

/// What is compared with a screen.
typedef struct rk_screen_inputs {
  rk_activations x;       ///< [M, K]
  const rk_reach *reach;  ///< [M]
  size_t count;           ///< M
} rk_screen_inputs;

/// One processor's kernels for screens. Every function accepts unaligned pointers.
typedef struct rk_screen_kernels {
  /// For blocks first ..< last, of rows below `n`, and each input i of `inputs`, which share one read of the
  /// blocks: tops[i * stride + b] = the largest l[r] . x[i] of block b, and ceilings[i * stride + b] = the
  /// largest l[r] . x[i] + |e inside|[r] inputs.reach[i].inside + |e outside|[r] inputs.reach[i].outside.
  void (*score)(const uint8_t *blocks, size_t first, size_t last, size_t n, size_t k, rk_screen_inputs inputs,
                float *tops, float *ceilings, size_t stride);

  /// Encodes one block and leaves the residuals in its place: rows f32 [16, K], W - c in, e out. A row that
  /// is not finite leaves NaN. Norms are set apart from it.
  void (*pack)(float *rows, size_t k, uint8_t *block);

  /// Inputs up to which scores cost less than whole 8-bit products: fewer where those are fast, since many inputs
  /// wait for arithmetic and no longer for bytes.
  size_t worthwhile_inputs;
} rk_screen_kernels;

/// The kernels for one instruction set, which the processor has.
const rk_screen_kernels *rk_screen_for(rk_isa isa);

/// Bytes of one block of 16 rows.
size_t rk_screen_block_bytes(size_t k);

/// Puts the norms of one row's residual, rounded up, into its block.
void rk_screen_set_norms(uint8_t *block, size_t lane, float inside, float outside);

/// Decodes l of row `row` into f32 [K]: exact.
void rk_screen_decode(const uint8_t *blocks, size_t row, size_t k, float *out);

/// The norms of row `row` as the ceilings use them.
rk_reach rk_screen_norms(const uint8_t *blocks, size_t row, size_t k);

#endif
