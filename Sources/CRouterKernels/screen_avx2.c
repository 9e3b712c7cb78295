// AVX2: one ymm lane is one row; products of magnitudes with signed activations stay within 16 bits.

#if defined(__x86_64__)

#include <immintrin.h>

#include "screen_internal.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define RK_PACK_WIDTH 8
#include "screen_pack.h"

/// Adds the products of 8 rows x 4 levels with 4 activations: |level| * (activation with the level's sign),
/// of which a pair is at most 2 * 127 * 127.
static inline __m256i add_products(__m256i sum, __m256i levels, __m256i four) {
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(levels), _mm256_sign_epi8(four, levels));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static inline __m256i quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}

static inline __m256 bf16_lanes(const uint8_t *p) {
  const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

/// Eight lanes of one group's integer products; `codes` is that of the first of the eight rows.
static inline __m256i group_dot(const uint8_t *codes, const int8_t *a, __m256i table) {
  const __m256i low = _mm256_set1_epi8(15);
  __m256i s0 = _mm256_setzero_si256(), s1 = s0;
  for (int j = 0; j < 4; j++) {
    const __m256i packed = _mm256_loadu_si256((const __m256i *)(codes + 64 * j));
    const __m256i even = _mm256_and_si256(packed, low);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi16(packed, 4), low);
    s0 = add_products(s0, _mm256_shuffle_epi8(table, even), quad(a + 8 * j));
    s1 = add_products(s1, _mm256_shuffle_epi8(table, odd), quad(a + 8 * j + 4));
  }
  return _mm256_add_epi32(s0, s1);
}

static void score_block(const uint8_t *block, size_t lanes, size_t k, rk_activations x, rk_reach reach,
                        __m256i table, float *top, float *ceiling) {
  const uint8_t *codes = block + screen_codes_at(k);
  __m256 total[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (size_t g = 0; g < k / rk_group; g++)
    for (int half = 0; half < 2; half++) {
      const __m256i dot =
          group_dot(codes + g * rk_screen_code_bytes + 32 * half, x.codes + g * rk_group, table);
      const uint8_t *scales = block + rk_group_scales_at + g * rk_tile_rows + 8 * half;
      const __m128i bytes = _mm_loadl_epi64((const __m128i *)scales);
      const __m256 scale = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
      const __m256 factor = _mm256_mul_ps(scale, _mm256_set1_ps(x.scales[g]));
      total[half] = _mm256_fmadd_ps(factor, _mm256_cvtepi32_ps(dot), total[half]);
    }
  float values[rk_tile_rows], reached[rk_tile_rows];
  for (int half = 0; half < 2; half++) {
    const uint8_t *header = block + 16 * half;
    const __m256 value = _mm256_mul_ps(total[half], bf16_lanes(header));
    __m256 most = _mm256_fmadd_ps(bf16_lanes(header + rk_norms_at), _mm256_set1_ps(reach.inside), value);
    most = _mm256_fmadd_ps(
        bf16_lanes(header + rk_norms_at + 2 * rk_tile_rows), _mm256_set1_ps(reach.outside), most);
    _mm256_storeu_ps(values + 8 * half, value);
    _mm256_storeu_ps(reached + 8 * half, most);
  }
  largest_lanes(values, reached, lanes, top, ceiling);
}

static void score(const uint8_t *blocks, size_t first, size_t last, size_t n, size_t k, rk_screen_inputs inputs,
                  float *tops, float *ceilings, size_t stride) {
  static const int8_t levels[16] = {RK_LEVELS};
  const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)levels));
  for (size_t b = first; b < last; b++)
    for (size_t i = 0; i < inputs.count; i++)
      score_block(blocks + b * screen_block_bytes(k), block_lanes(b, n), k, activation_row(inputs.x, i, k),
                  inputs.reach[i], table, tops + i * stride + b, ceilings + i * stride + b);
}

const rk_screen_kernels rk_screen_avx2 = {.score = score, .pack = pack};

#pragma clang attribute pop

#endif
