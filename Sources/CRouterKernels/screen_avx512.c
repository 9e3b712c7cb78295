// AVX-512 with VNNI: one zmm lane is one row; a byte shuffle turns 64 codes into levels.

#if defined(__x86_64__)

#include <immintrin.h>

#include "screen_internal.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define RK_PACK_WIDTH 16
#include "screen_pack.h"

static inline __m512i quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return _mm512_set1_epi32(four);
}

static inline __m512 bf16_lanes(const uint8_t *p) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

/// How far ahead codes are asked for, in bytes: the blocks are read once, from memory, at its speed.
#define RK_AHEAD 8192

/// Inputs that share one decoding of a block: as many as keep their sums in registers.
enum { shared_inputs = 4 };

/// For each of `count` inputs, 16 lanes of sum over g of group scale * activation scale * (levels . codes).
__attribute__((always_inline)) static inline void block_scores(const uint8_t *scales, const uint8_t *codes,
                                                               size_t k, rk_activations x, int count,
                                                               __m512 *totals) {
  static const int8_t levels[16] = {RK_LEVELS};
  // Unsigned by an offset of 128, as dpbusd wants them.
  const __m128i offset = _mm_xor_si128(_mm_loadu_si128((const __m128i *)levels), _mm_set1_epi8(-128));
  const __m512i table = _mm512_broadcast_i32x4(offset), low = _mm512_set1_epi8(15);
  const size_t groups = k / rk_group;
  for (int i = 0; i < count; i++) totals[i] = _mm512_setzero_ps();
  for (size_t g = 0; g < groups; g++) {
    __m512i s0[shared_inputs], s1[shared_inputs];
    for (int i = 0; i < count; i++) s0[i] = s1[i] = _mm512_setzero_si512();
    for (int j = 0; j < 4; j++) {
      const uint8_t *line = codes + g * rk_screen_code_bytes + 64 * j;
      _mm_prefetch((const char *)line + RK_AHEAD, _MM_HINT_T0);
      const __m512i packed = _mm512_loadu_si512(line);
      const __m512i even = _mm512_shuffle_epi8(table, _mm512_and_si512(packed, low));
      const __m512i odd =
          _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(packed, 4), low));
      for (int i = 0; i < count; i++) {
        const int8_t *a = x.codes + (size_t)i * k + g * rk_group + 8 * j;
        s0[i] = _mm512_dpbusd_epi32(s0[i], even, quad(a));
        s1[i] = _mm512_dpbusd_epi32(s1[i], odd, quad(a + 4));
      }
    }
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(scales + g * rk_tile_rows));
    const __m512 scale = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
    for (int i = 0; i < count; i++) {
      const size_t at = (size_t)i * groups + g;
      const __m512 dot = _mm512_sub_ps(
          _mm512_cvtepi32_ps(_mm512_add_epi32(s0[i], s1[i])), _mm512_set1_ps(128.0f * x.sums[at]));
      totals[i] = _mm512_fmadd_ps(_mm512_mul_ps(scale, _mm512_set1_ps(x.scales[at])), dot, totals[i]);
    }
  }
}

/// Scores of one block for 1 ... `shared_inputs` inputs.
static inline void block_scores_of(const uint8_t *scales, const uint8_t *codes, size_t k, rk_activations x,
                                   size_t count, __m512 *totals) {
  switch (count) {
    case 1: block_scores(scales, codes, k, x, 1, totals); break;
    case 2: block_scores(scales, codes, k, x, 2, totals); break;
    case 3: block_scores(scales, codes, k, x, 3, totals); break;
    default: block_scores(scales, codes, k, x, shared_inputs, totals);
  }
}

static void score(const uint8_t *blocks, size_t first, size_t last, size_t n, size_t k, rk_screen_inputs inputs,
                  float *tops, float *ceilings, size_t stride) {
  const size_t bytes = screen_block_bytes(k), codes_at = screen_codes_at(k);
  for (size_t b = first; b < last; b++) {
    const uint8_t *block = blocks + b * bytes;
    const __mmask16 mask = (__mmask16)((1u << block_lanes(b, n)) - 1);
    const __m512 row_scale = bf16_lanes(block), norm_inside = bf16_lanes(block + rk_norms_at),
                 norm_outside = bf16_lanes(block + rk_norms_at + 2 * rk_tile_rows);
    for (size_t at = 0; at < inputs.count; at += shared_inputs) {
      const size_t left = inputs.count - at, count = left < shared_inputs ? left : shared_inputs;
      __m512 totals[shared_inputs];
      block_scores_of(block + rk_group_scales_at, block + codes_at, k, activation_row(inputs.x, at, k), count,
                      totals);
      for (size_t i = 0; i < count; i++) {
        const rk_reach reach = inputs.reach[at + i];
        const __m512 value = _mm512_mul_ps(totals[i], row_scale);
        __m512 ceiling = _mm512_fmadd_ps(norm_inside, _mm512_set1_ps(reach.inside), value);
        ceiling = _mm512_fmadd_ps(norm_outside, _mm512_set1_ps(reach.outside), ceiling);
        tops[(at + i) * stride + b] = _mm512_mask_reduce_max_ps(mask, value);
        ceilings[(at + i) * stride + b] = _mm512_mask_reduce_max_ps(mask, ceiling);
      }
    }
  }
}

const rk_screen_kernels rk_screen_avx512 = {.score = score, .pack = pack, .worthwhile_inputs = 8};

#pragma clang attribute pop

#endif
