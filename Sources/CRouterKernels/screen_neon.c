// NEON with dot product: one lane of four registers is one row; a table lookup turns 16 codes into levels.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "screen_internal.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define RK_PACK_WIDTH 4
#include "screen_pack.h"

static inline int8x16_t quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

/// Four bfloat16 of a row's header.
static inline float32x4_t bf16_lanes(const uint8_t *p) {
  const uint16x4_t bits = vreinterpret_u16_u8(vld1_u8(p));
  return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
}

static void score_block(const uint8_t *block, size_t lanes, size_t k, rk_activations x, rk_reach reach,
                        int8x16_t table, float *top, float *ceiling) {
  const uint8x16_t low = vdupq_n_u8(15);
  const uint8_t *codes = block + screen_codes_at(k);
  float32x4_t total[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
  for (size_t g = 0; g < k / rk_group; g++) {
    int32x4_t dot[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int j = 0; j < 4; j++) {
      const int8_t *a = x.codes + g * rk_group + 8 * j;
      const int8x16_t even = quad(a), odd = quad(a + 4);
      for (int q = 0; q < 4; q++) {
        const uint8x16_t packed = vld1q_u8(codes + g * rk_screen_code_bytes + 64 * j + 16 * q);
        dot[q] = vdotq_s32(dot[q], vqtbl1q_s8(table, vandq_u8(packed, low)), even);
        dot[q] = vdotq_s32(dot[q], vqtbl1q_s8(table, vshrq_n_u8(packed, 4)), odd);
      }
    }
    const uint8x16_t scales = vld1q_u8(block + rk_group_scales_at + g * rk_tile_rows);
    const uint16x8_t halves[2] = {vmovl_u8(vget_low_u8(scales)), vmovl_u8(vget_high_u8(scales))};
    for (int q = 0; q < 4; q++) {
      const uint16x8_t half = halves[q / 2];
      const uint32x4_t wide = vmovl_u16(q % 2 ? vget_high_u16(half) : vget_low_u16(half));
      const float32x4_t factor = vmulq_n_f32(vcvtq_f32_u32(wide), x.scales[g]);
      total[q] = vfmaq_f32(total[q], factor, vcvtq_f32_s32(dot[q]));
    }
  }
  float values[rk_tile_rows], reached[rk_tile_rows];
  for (int q = 0; q < 4; q++) {
    const uint8_t *header = block + 8 * q;
    const float32x4_t value = vmulq_f32(total[q], bf16_lanes(header));
    float32x4_t most = vfmaq_n_f32(value, bf16_lanes(header + rk_norms_at), reach.inside);
    most = vfmaq_n_f32(most, bf16_lanes(header + rk_norms_at + 2 * rk_tile_rows), reach.outside);
    vst1q_f32(values + 4 * q, value);
    vst1q_f32(reached + 4 * q, most);
  }
  largest_lanes(values, reached, lanes, top, ceiling);
}

static void score(const uint8_t *blocks, size_t first, size_t last, size_t n, size_t k, rk_screen_inputs inputs,
                  float *tops, float *ceilings, size_t stride) {
  static const int8_t levels[16] = {RK_LEVELS};
  const int8x16_t table = vld1q_s8(levels);
  for (size_t b = first; b < last; b++)
    for (size_t i = 0; i < inputs.count; i++)
      score_block(blocks + b * screen_block_bytes(k), block_lanes(b, n), k, activation_row(inputs.x, i, k),
                  inputs.reach[i], table, tops + i * stride + b, ceilings + i * stride + b);
}

const rk_screen_kernels rk_screen_neon = {.score = score, .pack = pack, .worthwhile_inputs = 8};

#pragma clang attribute pop

#endif
