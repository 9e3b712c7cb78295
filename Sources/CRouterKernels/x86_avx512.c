// AVX-512 with VNNI: one zmm lane is one output row; four activations are broadcast into dpbusd at a time.

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#include "internal.h"

#pragma clang attribute push(                                                               \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), \
    apply_to = function)
#pragma clang fp contract(fast)

#define RK_WIDTH 16
typedef float rk_vf __attribute__((vector_size(RK_WIDTH * 4)));
static inline rk_vf vmax(rk_vf a, rk_vf b) { return _mm512_max_ps(a, b); }
static inline rk_vf vmin(rk_vf a, rk_vf b) { return _mm512_min_ps(a, b); }

#define RK_WIDE_ROWS 2
#define RK_WIDE_PASS 6
#define RK_ACCUMULATORS 24
#define RK_SCORE_PASS 12
#define RK_VALUE_PASS 6
#define RK_IN_ORDER(sum)

#include "vector.h"
#include "vector_ops.h"
#include "wide_matmul.h"
#include "attention.h"

/// Rows of activations that share one pass over the tiles of a row block.
#define RK_PASS 8
#define RK_PARTS 1

static inline __m512i quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return _mm512_set1_epi32(four);
}

#define RK_MASKED_LANES

static inline __m512 load_lanes(const float *y, size_t lanes) {
  return _mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), y);
}

static inline void store_lanes(float *y, __m512 v, size_t lanes) {
  _mm512_mask_storeu_ps(y, (__mmask16)((1u << lanes) - 1), v);
}

/// The products of 16 rows of codes with the 32 activations from `a` on, exact, as floats.
static inline __m512 group_products(const __m512i *w, const int8_t *a) {
  __m512i s0 = _mm512_setzero_si512(), s1 = s0;
  for (int j = 0; j < 8; j += 2) {
    s0 = _mm512_dpbusd_epi32(s0, w[j], quad(a + 4 * j));
    s1 = _mm512_dpbusd_epi32(s1, w[j + 1], quad(a + 4 * j + 4));
  }
  return _mm512_cvtepi32_ps(_mm512_add_epi32(s0, s1));
}

#define RK_AVX512
#include "tile_matmul.h"
#include "row_dot.h"
#include "leading_rows.h"
#include "kernel_table.h"

RK_KERNEL_TABLE(avx512)

#pragma clang attribute pop

#endif
