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

#include "vector.h"
#include "vector_ops.h"
#include "wide_matmul.h"
#include "attention.h"

/// Rows of activations that share one pass over the tiles of a row block.
#define RK_PASS 4

/// Quarters of a row block: four output rows fill a vector.
enum { rk_quarters = rk_tile_rows / 4 };

static inline float32x4_t half4(const uint8_t *p) {
  return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p)));
}

static inline int8x16_t quad(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

static inline float32x4_t load_lanes(const float *y, size_t lanes) {
  float all[4] = {0};
  if (lanes >= 4) return vld1q_f32(y);
  memcpy(all, y, lanes * sizeof(float));
  return vld1q_f32(all);
}

static inline void store_lanes(float *y, float32x4_t v, size_t lanes) {
  float all[4];
  if (lanes >= 4) {
    vst1q_f32(y, v);
    return;
  }
  vst1q_f32(all, v);
  memcpy(y, all, lanes * sizeof(float));
}

RK_BLOCK void block_q8(const uint8_t *tiles, size_t groups, rk_activations x, size_t k, const int rows,
                       float *y, size_t stride, size_t lanes, int resumes, int streams) {
  (void)streams;
  const size_t row_groups = k / rk_group;
  const uint8x16_t offset = vdupq_n_u8(0x80);
  for (size_t part = 0; part < rk_quarters && part * 4 < lanes; part++) {
    float32x4_t total[RK_PASS];
    for (int i = 0; i < rows; i++)
      total[i] = resumes ? load_lanes(y + (size_t)i * stride + 4 * part, lanes - 4 * part) : vdupq_n_f32(0);
    const uint8_t *tile = tiles;
    for (size_t g = 0; g < groups; g++, tile += rk_q8_tile_bytes) {
      const float32x4_t scale = half4(tile + 8 * part);
      int8x16_t w[8];
      // The stored codes are offset by 128: flipping the sign bit makes them signed.
      for (int j = 0; j < 8; j++)
        w[j] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(tile + 2 * rk_tile_rows + 64 * j + 16 * part), offset));
      RK_UNROLL
      for (int i = 0; i < rows; i++) {
        const size_t at = (size_t)i * row_groups + g;
        const int8_t *a = x.codes + (size_t)i * k + g * rk_group;
        int32x4_t dot = vdupq_n_s32(0);
        for (int j = 0; j < 8; j++) dot = vdotq_s32(dot, w[j], quad(a + 4 * j));
        total[i] = vfmaq_f32(total[i], vmulq_n_f32(scale, x.scales[at]), vcvtq_f32_s32(dot));
      }
    }
    for (int i = 0; i < rows; i++) store_lanes(y + (size_t)i * stride + 4 * part, total[i], lanes - 4 * part);
  }
}

RK_BLOCK void block_q4(const uint8_t *tiles, size_t groups, rk_activations x, size_t k, const int rows,
                       float *y, size_t stride, size_t lanes, int resumes, int streams) {
  (void)streams;
  const size_t row_groups = k / rk_group;
  const uint8x16_t low = vdupq_n_u8(15);
  for (size_t part = 0; part < rk_quarters && part * 4 < lanes; part++) {
    float32x4_t total[RK_PASS];
    for (int i = 0; i < rows; i++)
      total[i] = resumes ? load_lanes(y + (size_t)i * stride + 4 * part, lanes - 4 * part) : vdupq_n_f32(0);
    const uint8_t *tile = tiles;
    for (size_t g = 0; g < groups; g++, tile += rk_q4_tile_bytes) {
      const float32x4_t scale = half4(tile + 8 * part), minimum = half4(tile + 2 * rk_tile_rows + 8 * part);
      int8x16_t w[8];
      for (int j = 0; j < 4; j++) {
        const uint8x16_t packed = vld1q_u8(tile + 4 * rk_tile_rows + 64 * j + 16 * part);
        w[2 * j] = vreinterpretq_s8_u8(vandq_u8(packed, low));
        w[2 * j + 1] = vreinterpretq_s8_u8(vshrq_n_u8(packed, 4));
      }
      RK_UNROLL
      for (int i = 0; i < rows; i++) {
        const size_t at = (size_t)i * row_groups + g;
        const int8_t *a = x.codes + (size_t)i * k + g * rk_group;
        int32x4_t dot = vdupq_n_s32(0);
        for (int j = 0; j < 8; j++) dot = vdotq_s32(dot, w[j], quad(a + 4 * j));
        const float32x4_t term = vfmaq_f32(vmulq_n_f32(minimum, x.sums[at]), scale, vcvtq_f32_s32(dot));
        total[i] = vfmaq_n_f32(total[i], term, x.scales[at]);
      }
    }
    for (int i = 0; i < rows; i++) store_lanes(y + (size_t)i * stride + 4 * part, total[i], lanes - 4 * part);
  }
}

#include "tile_matmul.h"

const rk_kernels rk_neon_kernels = {
    .isa = rk_isa_neon,
    .name = "neon",
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
