// AVX2: one ymm lane is one row. Levels are made unsigned and halved, so that four products of a level and an
// activation fit in 16 bits.

#if defined(__x86_64__)

#include <immintrin.h>

#include "screen_internal.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define RK_PACK_WIDTH 8
#include "screen_pack.h"

static inline __m256i quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}

static inline __m256 bf16_lanes(const uint8_t *p) {
  const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

/// How far ahead codes are asked for, in bytes: the blocks are read once, from memory, at its speed.
#define RK_AHEAD 8192

enum {
  half_rows = rk_tile_rows / 2,
  /// Inputs that share one decoding of a block.
  shared_inputs = 16,
  /// Inputs whose sums are in registers at once.
  register_inputs = 2,
};

/// The unsigned levels of 8 columns of a group: [half of the rows][even or odd four of the columns].
typedef struct column_levels {
  __m256i of[2][2];
} column_levels;

static inline column_levels decode_columns(const uint8_t *line, __m256i table) {
  const __m256i low = _mm256_set1_epi8(15);
  column_levels levels;
  for (int half = 0; half < 2; half++) {
    const __m256i packed = _mm256_loadu_si256((const __m256i *)(line + 4 * half_rows * half));
    levels.of[half][0] = _mm256_shuffle_epi8(table, _mm256_and_si256(packed, low));
    levels.of[half][1] = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(packed, 4), low));
  }
  return levels;
}

/// Adds one group to the totals of a few inputs. An activation times a level is at most 127 * 63, so that four
/// fit in 16 bits.
__attribute__((always_inline)) static inline void add_group(const uint8_t *codes, const column_levels *decoded,
                                                            __m256i table, const __m256 *scales, size_t g,
                                                            size_t k, rk_activations x, int count,
                                                            __m256 (*totals)[2]) {
  const __m256i ones = _mm256_set1_epi16(1);
  const size_t groups = k / rk_group;
  __m256i sums[register_inputs][2];
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    const column_levels levels = decoded ? decoded[j] : decode_columns(codes + 64 * j, table);
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) {
      const int8_t *a = x.codes + (size_t)i * k + g * rk_group + 8 * j;
      const __m256i even = quad(a), odd = quad(a + 4);
#pragma clang loop unroll(full)
      for (int half = 0; half < 2; half++) {
        const __m256i pairs = _mm256_add_epi16(
            _mm256_maddubs_epi16(levels.of[half][0], even), _mm256_maddubs_epi16(levels.of[half][1], odd));
        const __m256i fours = _mm256_madd_epi16(pairs, ones);
        sums[i][half] = j == 0 ? fours : _mm256_add_epi32(sums[i][half], fours);
      }
      // Keeps the compiler from loading all activations at once, for which there are not enough registers.
      __asm__ volatile("" ::: "memory");
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) {
    const size_t at = (size_t)i * groups + g;
    const __m256 scale = _mm256_set1_ps(x.scales[at]), offset = _mm256_set1_ps(rk_last_level / 2.0f * x.sums[at]);
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
      // Exact: halves of whole numbers below 2^22.
      const __m256 dot = _mm256_sub_ps(_mm256_cvtepi32_ps(sums[i][half]), offset);
      totals[i][half] = _mm256_fmadd_ps(_mm256_mul_ps(scales[half], scale), dot, totals[i][half]);
    }
  }
}

static inline void load_scales(const uint8_t *scales, __m256 *out) {
  const __m128i bytes = _mm_loadu_si128((const __m128i *)scales);
  out[0] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
  out[1] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)));
}

/// For each of at most `register_inputs` inputs, 16 lanes of sum over g of group scale * activation scale *
/// (levels . codes) / 2.
__attribute__((always_inline)) static inline void scores_of_few(const uint8_t *scales, const uint8_t *codes,
                                                                __m256i table, size_t k, rk_activations x,
                                                                int count, __m256 (*totals)[2]) {
  for (int i = 0; i < count; i++) totals[i][0] = totals[i][1] = _mm256_setzero_ps();
  for (size_t g = 0; g < k / rk_group; g++) {
    const uint8_t *group = codes + g * rk_screen_code_bytes;
    for (int j = 0; j < 4; j++) _mm_prefetch((const char *)group + 64 * j + RK_AHEAD, _MM_HINT_T0);
    __m256 group_scales[2];
    load_scales(scales + g * rk_tile_rows, group_scales);
    add_group(group, 0, table, group_scales, g, k, x, count, totals);
  }
}

/// The same for more of them: a group is decoded once.
static void scores_of_many(const uint8_t *scales, const uint8_t *codes, __m256i table, size_t k,
                           rk_activations x, size_t count, __m256 (*totals)[2]) {
  for (size_t i = 0; i < count; i++) totals[i][0] = totals[i][1] = _mm256_setzero_ps();
  for (size_t g = 0; g < k / rk_group; g++) {
    const uint8_t *group = codes + g * rk_screen_code_bytes;
    column_levels decoded[4];
    for (int j = 0; j < 4; j++) {
      _mm_prefetch((const char *)group + 64 * j + RK_AHEAD, _MM_HINT_T0);
      decoded[j] = decode_columns(group + 64 * j, table);
    }
    __m256 group_scales[2];
    load_scales(scales + g * rk_tile_rows, group_scales);
    size_t i = 0;
    for (; i + register_inputs <= count; i += register_inputs)
      add_group(group, decoded, table, group_scales, g, k, activation_row(x, i, k), register_inputs, totals + i);
    for (; i < count; i++)
      add_group(group, decoded, table, group_scales, g, k, activation_row(x, i, k), 1, totals + i);
  }
}

static void scores(const uint8_t *scales, const uint8_t *codes, size_t k, rk_activations x, size_t count,
                   __m256 (*totals)[2]) {
  static const int8_t levels[16] = {RK_LEVELS};
  // (level + 63) / 2, by twos: a byte's sum may pass 127.
  const __m128i halves = _mm_srli_epi16(
      _mm_add_epi8(_mm_loadu_si128((const __m128i *)levels), _mm_set1_epi8(rk_last_level)), 1);
  const __m256i table = _mm256_broadcastsi128_si256(_mm_and_si128(halves, _mm_set1_epi8(rk_last_level)));
  switch (count) {
    case 1: scores_of_few(scales, codes, table, k, x, 1, totals); break;
    case 2: scores_of_few(scales, codes, table, k, x, 2, totals); break;
    default: scores_of_many(scales, codes, table, k, x, count, totals);
  }
}

static inline float largest_of(__m256 a, __m256 b) {
  const __m256 both = _mm256_max_ps(a, b);
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

static void score(const uint8_t *blocks, size_t first, size_t last, size_t n, size_t k, rk_screen_inputs inputs,
                  float *tops, float *ceilings, size_t stride) {
  for (size_t b = first; b < last; b++) {
    const uint8_t *block = blocks + b * screen_block_bytes(k);
    __m256 row_scale[2], inside[2], outside[2], limit[2];
    for (int half = 0; half < 2; half++) {
      const uint8_t *header = block + 2 * half_rows * half;
      row_scale[half] = _mm256_mul_ps(bf16_lanes(header), _mm256_set1_ps(2));
      inside[half] = bf16_lanes(header + rk_norms_at);
      outside[half] = bf16_lanes(header + rk_norms_at + 2 * rk_tile_rows);
      const __m256i lane = _mm256_add_epi32(
          _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(half_rows * half));
      const __m256i exists = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)block_lanes(b, n)), lane);
      limit[half] = _mm256_blendv_ps(
          _mm256_set1_ps(-INFINITY), _mm256_set1_ps(INFINITY), _mm256_castsi256_ps(exists));
    }
    for (size_t at = 0; at < inputs.count; at += shared_inputs) {
      const size_t left = inputs.count - at, count = left < shared_inputs ? left : shared_inputs;
      __m256 totals[shared_inputs][2];
      scores(block + rk_group_scales_at, block + screen_codes_at(k), k, activation_row(inputs.x, at, k), count,
             totals);
      for (size_t i = 0; i < count; i++) {
        const __m256 x_inside = _mm256_set1_ps(inputs.reach[at + i].inside);
        const __m256 x_outside = _mm256_set1_ps(inputs.reach[at + i].outside);
        __m256 value[2], most[2];
        for (int half = 0; half < 2; half++) {
          value[half] = _mm256_mul_ps(totals[i][half], row_scale[half]);
          most[half] = _mm256_fmadd_ps(inside[half], x_inside, value[half]);
          most[half] = _mm256_min_ps(_mm256_fmadd_ps(outside[half], x_outside, most[half]), limit[half]);
          value[half] = _mm256_min_ps(value[half], limit[half]);
        }
        tops[(at + i) * stride + b] = largest_of(value[0], value[1]);
        ceilings[(at + i) * stride + b] = largest_of(most[0], most[1]);
      }
    }
  }
}

const rk_screen_kernels rk_screen_avx2 = {.score = score, .pack = pack, .worthwhile_inputs = 32};

#pragma clang attribute pop

#endif
