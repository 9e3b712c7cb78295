// What the files of the screen share: layout and levels of the codes.

#ifndef ROUTER_SCREEN_INTERNAL_H
#define ROUTER_SCREEN_INTERNAL_H

#include <math.h>

#include "internal.h"
#include "router_screen.h"

/// The levels of a 4-bit code: Lloyd's algorithm on groups of 32 normally distributed numbers, each with the
/// scale that leaves it the least error, in units of 1 / 63 of the largest and odd, so that (level + 63) / 2
/// has 6 bits.
#define RK_LEVELS -63, -49, -39, -31, -23, -15, -9, -3, 3, 9, 15, 23, 31, 39, 49, 63

enum {
  rk_last_level = 63,
  rk_norms_at = 2 * rk_tile_rows,
  rk_group_scales_at = 3 * 2 * rk_tile_rows,
  rk_screen_code_bytes = rk_tile_rows * rk_group / 2,
};

static inline size_t screen_codes_at(size_t k) {
  return (rk_group_scales_at + k / rk_group * rk_tile_rows + 63) / 64 * 64;
}

static inline size_t screen_block_bytes(size_t k) {
  return screen_codes_at(k) + k / rk_group * rk_screen_code_bytes;
}

static inline float bf16_to_float(uint16_t bits) {
  const uint32_t wide = (uint32_t)bits << 16;
  float out;
  memcpy(&out, &wide, sizeof out);
  return out;
}

/// The least bfloat16 that is not below a number >= 0; NaN stays NaN.
static inline uint16_t bf16_at_least(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (x != x) return 0x7FC0;
  return (uint16_t)((bits + 0xFFFF) >> 16);
}

/// Rows of block `b` of a matrix of `n` rows.
static inline size_t block_lanes(size_t b, size_t n) {
  const size_t left = n - b * rk_tile_rows;
  return left < rk_tile_rows ? left : rk_tile_rows;
}

/// The largest of a block's values and of what they reach.
static inline void largest_lanes(const float *values, const float *reached, size_t lanes, float *top,
                                 float *ceiling) {
  *top = *ceiling = -INFINITY;
  for (size_t lane = 0; lane < lanes; lane++) {
    *top = values[lane] > *top ? values[lane] : *top;
    *ceiling = reached[lane] > *ceiling ? reached[lane] : *ceiling;
  }
}

/// One of the rows of activations.
static inline rk_activations activation_row(rk_activations x, size_t row, size_t k) {
  const size_t group = row * (k / rk_group);
  return (rk_activations){x.codes + row * k, x.scales + group, x.sums + group};
}

extern const rk_screen_kernels rk_screen_scalar;
#if defined(__x86_64__)
extern const rk_screen_kernels rk_screen_avx2;
extern const rk_screen_kernels rk_screen_avx512;
#elif defined(__aarch64__)
extern const rk_screen_kernels rk_screen_neon;
#endif

#endif
