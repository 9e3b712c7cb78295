// NEON with the dot product instructions: one lane of four vectors is one output row; four activations are
// broadcast at a time.

#if defined(__aarch64__)

#include <arm_neon.h>
#include <math.h>

#include "internal.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#pragma clang fp contract(fast)

#define RK_WIDTH 4
typedef float rk_vf __attribute__((vector_size(RK_WIDTH * 4)));
static inline rk_vf vmax(rk_vf a, rk_vf b) { return (rk_vf)vbslq_f32(vcgtq_f32(a, b), a, b); }
static inline rk_vf vmin(rk_vf a, rk_vf b) { return (rk_vf)vbslq_f32(vcltq_f32(a, b), a, b); }

#define RK_WIDE_ROWS 2
#define RK_WIDE_PASS 5
#define RK_ACCUMULATORS 20
#define RK_SCORE_PASS 10
#define RK_VALUE_PASS 5
#define RK_IN_ORDER(sum)

#include "vector.h"
#include "vector_ops.h"
#include "wide_matmul.h"
#include "attention.h"

/// Rows of activations that share one pass over the tiles of a row block.
#define RK_PASS 4
#define RK_PARTS 1

static inline int8x16_t quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

/// The products of four rows of codes with the 32 activations from `a` on.
static inline int32x4_t group_products(const int8x16_t *w, const int8_t *a) {
  int32x4_t dot = vdupq_n_s32(0);
  for (int j = 0; j < 8; j++) dot = vdotq_s32(dot, w[j], quad(a + 4 * j));
  return dot;
}

#define RK_NEON
#include "tile_matmul.h"
#include "row_dot.h"
#include "leading_rows.h"
#include "kernel_table.h"

RK_KERNEL_TABLE(neon)

#pragma clang attribute pop

#endif
