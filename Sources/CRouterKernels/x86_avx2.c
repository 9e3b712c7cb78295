// AVX2: a tile's sixteen rows in two ymm halves; products through maddubs, whose 16-bit sums cannot overflow
// here (|weight| <= 128, |activation| <= 127, two products a sum).

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#include "internal.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma clang fp contract(fast)

#define RK_WIDTH 8
typedef float rk_vf __attribute__((vector_size(RK_WIDTH * 4)));
static inline rk_vf vmax(rk_vf a, rk_vf b) { return _mm256_max_ps(a, b); }
static inline rk_vf vmin(rk_vf a, rk_vf b) { return _mm256_min_ps(a, b); }

#define RK_WIDE_ROWS 1
#define RK_WIDE_PASS 4
#define RK_ACCUMULATORS 12
#define RK_SCORE_PASS 6
#define RK_VALUE_PASS 3
#define RK_IN_ORDER(sum) __asm__ volatile("" : "+x"(sum)::"memory")

#include "vector.h"
#include "vector_ops.h"
#include "wide_matmul.h"
#include "attention.h"

/// Rows of activations that share one pass over the tiles of a row block.
#define RK_PASS 4
/// Both halves at once, which share the broadcast of each activation.
#define RK_PARTS 2

static inline __m256i quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}

static inline __m256i accumulate(__m256i sum, __m256i pairs) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/// Keeps the sums of both halves in step: left to itself, the compiler takes a whole group for one half first and
/// spills every broadcast for the other.
#define RK_IN_STEP(a, b) __asm__ volatile("" : "+x"(a), "+x"(b))

#define RK_AVX2
#include "tile_matmul.h"
#include "row_dot.h"
#include "leading_rows.h"
#include "kernel_table.h"

RK_KERNEL_TABLE(avx2)

#pragma clang attribute pop

#endif
