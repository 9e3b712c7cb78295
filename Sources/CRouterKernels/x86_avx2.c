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

#include "vector.h"
#include "vector_ops.h"
#include "wide_matmul.h"
#include "attention.h"

/// Rows of activations that share one pass over the tiles of half a row block.
#define RK_PASS 8

static inline __m256 half8(const uint8_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }

static inline __m256i quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}

/// The first `lanes` of eight floats; the others are zero.
static inline __m256 load_lanes(const float *y, size_t lanes) {
  float all[8] = {0};
  if (lanes >= 8) return _mm256_loadu_ps(y);
  memcpy(all, y, lanes * sizeof(float));
  return _mm256_loadu_ps(all);
}

static inline void store_lanes(float *y, __m256 v, size_t lanes) {
  float all[8];
  if (lanes >= 8) {
    _mm256_storeu_ps(y, v);
    return;
  }
  _mm256_storeu_ps(all, v);
  memcpy(y, all, lanes * sizeof(float));
}

static inline __m256i accumulate(__m256i sum, __m256i pairs) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

RK_BLOCK void block_q8(const uint8_t *tiles, size_t groups, rk_activations x, size_t k, const int rows,
                       float *y, size_t stride, size_t lanes, int resumes, int streams) {
  (void)streams;
  const size_t row_groups = k / rk_group;
  const __m256i offset = _mm256_set1_epi8((char)0x80);
  for (size_t half = 0; half < 2 && half * 8 < lanes; half++) {
    __m256 total[RK_PASS];
    for (int i = 0; i < rows; i++) {
      const float *at = y + (size_t)i * stride + 8 * half;
      total[i] = resumes ? load_lanes(at, lanes - 8 * half) : _mm256_setzero_ps();
    }
    const uint8_t *tile = tiles;
    for (size_t g = 0; g < groups; g++, tile += rk_q8_tile_bytes) {
      const __m256 scale = half8(tile + 16 * half);
      __m256i sums[RK_PASS];
      for (int i = 0; i < rows; i++) sums[i] = _mm256_setzero_si256();
      for (int j = 0; j < 8; j++) {
        const __m256i *at = (const __m256i *)(tile + 2 * rk_tile_rows + 64 * j + 32 * half);
        const __m256i w = _mm256_xor_si256(_mm256_loadu_si256(at), offset), magnitude = _mm256_abs_epi8(w);
        RK_UNROLL
        for (int i = 0; i < rows; i++) {
          const __m256i a = quad(x.codes + (size_t)i * k + g * rk_group + 4 * j);
          sums[i] = accumulate(sums[i], _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(a, w)));
        }
      }
      RK_UNROLL
      for (int i = 0; i < rows; i++) {
        const __m256 factor = _mm256_mul_ps(scale, _mm256_set1_ps(x.scales[(size_t)i * row_groups + g]));
        total[i] = _mm256_fmadd_ps(factor, _mm256_cvtepi32_ps(sums[i]), total[i]);
      }
    }
    for (int i = 0; i < rows; i++) store_lanes(y + (size_t)i * stride + 8 * half, total[i], lanes - 8 * half);
  }
}

RK_BLOCK void block_q4(const uint8_t *tiles, size_t groups, rk_activations x, size_t k, const int rows,
                       float *y, size_t stride, size_t lanes, int resumes, int streams) {
  (void)streams;
  const size_t row_groups = k / rk_group;
  const __m256i low = _mm256_set1_epi8(15);
  for (size_t half = 0; half < 2 && half * 8 < lanes; half++) {
    __m256 total[RK_PASS];
    for (int i = 0; i < rows; i++) {
      const float *at = y + (size_t)i * stride + 8 * half;
      total[i] = resumes ? load_lanes(at, lanes - 8 * half) : _mm256_setzero_ps();
    }
    const uint8_t *tile = tiles;
    for (size_t g = 0; g < groups; g++, tile += rk_q4_tile_bytes) {
      const __m256 scale = half8(tile + 16 * half), minimum = half8(tile + 2 * rk_tile_rows + 16 * half);
      __m256i sums[RK_PASS];
      for (int i = 0; i < rows; i++) sums[i] = _mm256_setzero_si256();
      for (int j = 0; j < 4; j++) {
        const __m256i *at = (const __m256i *)(tile + 4 * rk_tile_rows + 64 * j + 32 * half);
        const __m256i packed = _mm256_loadu_si256(at);
        const __m256i even = _mm256_and_si256(packed, low);
        const __m256i odd = _mm256_and_si256(_mm256_srli_epi16(packed, 4), low);
        RK_UNROLL
        for (int i = 0; i < rows; i++) {
          const int8_t *a = x.codes + (size_t)i * k + g * rk_group + 8 * j;
          // Four products of at most 15 * 127 each fit into 16 bits, so the halves share one widening.
          const __m256i pairs =
              _mm256_add_epi16(_mm256_maddubs_epi16(even, quad(a)), _mm256_maddubs_epi16(odd, quad(a + 4)));
          sums[i] = accumulate(sums[i], pairs);
        }
      }
      RK_UNROLL
      for (int i = 0; i < rows; i++) {
        const size_t at = (size_t)i * row_groups + g;
        const __m256 offset = _mm256_mul_ps(minimum, _mm256_set1_ps(x.sums[at]));
        const __m256 dot = _mm256_cvtepi32_ps(sums[i]);
        const __m256 term = _mm256_fmadd_ps(scale, dot, offset);
        total[i] = _mm256_fmadd_ps(_mm256_set1_ps(x.scales[at]), term, total[i]);
      }
    }
    for (int i = 0; i < rows; i++) store_lanes(y + (size_t)i * stride + 8 * half, total[i], lanes - 8 * half);
  }
}

#include "tile_matmul.h"

const rk_kernels rk_avx2_kernels = {
    .isa = rk_isa_avx2,
    .name = "avx2",
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
