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

#include "vector.h"
#include "vector_ops.h"
#include "wide_matmul.h"
#include "attention.h"

/// Rows of activations that share one pass over the tiles of a row block.
#define RK_PASS 8

static inline __m512 half16(const uint8_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

static inline __m512i quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return _mm512_set1_epi32(four);
}

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

/// Asks for the tile that will be needed when weights come from memory, for the rows of one pass.
RK_BLOCK void prefetch_tile(const uint8_t *tile, int streams, size_t bytes) {
  if (!streams) return;
  for (size_t at = 0; at < bytes; at += 64) rk_prefetch(tile + at);
}

RK_BLOCK void block_q8(const uint8_t *tile, size_t groups, rk_activations x, size_t k, const int rows,
                       float *y, size_t stride, size_t lanes, int resumes, int streams) {
  const size_t row_groups = k / rk_group;
  const __m512 offset = _mm512_set1_ps(128.0f);
  __m512 total[RK_PASS];
  for (int i = 0; i < rows; i++)
    total[i] = resumes ? load_lanes(y + (size_t)i * stride, lanes) : _mm512_setzero_ps();
  for (size_t g = 0; g < groups; g++, tile += rk_q8_tile_bytes) {
    prefetch_tile(tile, streams, rk_q8_tile_bytes);
    const __m512 scale = half16(tile);
    __m512i w[8];
    for (int j = 0; j < 8; j++) w[j] = _mm512_loadu_si512(tile + 2 * rk_tile_rows + 64 * j);
    RK_UNROLL
    for (int i = 0; i < rows; i++) {
      // The stored codes are offset by 128: 128 times the sum of the activations goes away again, exactly.
      const size_t at = (size_t)i * row_groups + g;
      const __m512 products = group_products(w, x.codes + (size_t)i * k + g * rk_group);
      const __m512 dot = _mm512_fnmadd_ps(_mm512_set1_ps(x.sums[at]), offset, products);
      total[i] = _mm512_fmadd_ps(_mm512_mul_ps(scale, _mm512_set1_ps(x.scales[at])), dot, total[i]);
    }
  }
  for (int i = 0; i < rows; i++) store_lanes(y + (size_t)i * stride, total[i], lanes);
}

RK_BLOCK void block_q4(const uint8_t *tile, size_t groups, rk_activations x, size_t k, const int rows,
                       float *y, size_t stride, size_t lanes, int resumes, int streams) {
  const size_t row_groups = k / rk_group;
  const __m512i low = _mm512_set1_epi8(15);
  __m512 total[RK_PASS];
  for (int i = 0; i < rows; i++)
    total[i] = resumes ? load_lanes(y + (size_t)i * stride, lanes) : _mm512_setzero_ps();
  for (size_t g = 0; g < groups; g++, tile += rk_q4_tile_bytes) {
    prefetch_tile(tile, streams, rk_q4_tile_bytes);
    const __m512 scale = half16(tile), minimum = half16(tile + 2 * rk_tile_rows);
    __m512i w[8];
    for (int j = 0; j < 4; j++) {
      const __m512i packed = _mm512_loadu_si512(tile + 4 * rk_tile_rows + 64 * j);
      w[2 * j] = _mm512_and_si512(packed, low);
      w[2 * j + 1] = _mm512_and_si512(_mm512_srli_epi16(packed, 4), low);
    }
    RK_UNROLL
    for (int i = 0; i < rows; i++) {
      const size_t at = (size_t)i * row_groups + g;
      const __m512 offset = _mm512_mul_ps(minimum, _mm512_set1_ps(x.sums[at]));
      const __m512 dot = group_products(w, x.codes + (size_t)i * k + g * rk_group);
      const __m512 term = _mm512_fmadd_ps(scale, dot, offset);
      total[i] = _mm512_fmadd_ps(_mm512_set1_ps(x.scales[at]), term, total[i]);
    }
  }
  for (int i = 0; i < rows; i++) store_lanes(y + (size_t)i * stride, total[i], lanes);
}

#include "tile_matmul.h"

const rk_kernels rk_avx512_kernels = {
    .isa = rk_isa_avx512,
    .name = "avx512",
    .quantize = quantize,
    .matmul_q8 = matmul_q8,
    .matmul_q4 = matmul_q4,
    .matmul_f32 = matmul_f32,
    .matmul_bf16 = matmul_bf16,
    .rms_norm = rms_norm,
    .rms_norm_quantize = rms_norm_quantize,
    .add = add,
    .silu_multiply = silu_multiply,
    .silu_multiply_quantize = silu_multiply_quantize,
    .rotate = rotate,
    .store = store,
    .attend = attend,
    .attend_part = attend_part,
    .attend_join = attend_join,
};

#pragma clang attribute pop

#endif
