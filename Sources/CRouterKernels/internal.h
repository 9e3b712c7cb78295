// What the kernel files share: f16 conversion and the table of each instruction set.

#ifndef ROUTER_KERNELS_INTERNAL_H
#define ROUTER_KERNELS_INTERNAL_H

#include <string.h>

#include "router_kernels.h"

extern const rk_kernels rk_scalar_kernels;
#if defined(__x86_64__)
extern const rk_kernels rk_avx2_kernels;
extern const rk_kernels rk_avx512_kernels;
#elif defined(__aarch64__)
extern const rk_kernels rk_neon_kernels;
#endif

/// A kernel's inner block, an instance of its own in each caller that fixes its row count.
#define RK_BLOCK static inline __attribute__((always_inline))
/// A loop over the rows of a block has to be unrolled for its sums to stay in registers.
#define RK_UNROLL _Pragma("clang loop unroll(full)")

/// With few rows weights come from memory at its full speed, which the processor's own prefetching, page by page,
/// takes too long to reach: lines are asked for 4 kB ahead.
enum { rk_prefetch_bytes = 4096 };

/// The scales f32 [128] of a q8 block's keys or values, behind the codes.
static inline float *rk_cache_scales(const void *elements, size_t k) {
  return (float *)((char *)elements + rk_cache_block * k);
}

static inline uint16_t rk_load_u16(const void *p) {
  uint16_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

/// The f32 value of an IEEE half, exact, without help from the processor.
static inline float rk_half_to_float(uint16_t h) {
  const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
  const uint32_t exponent = (h >> 10) & 0x1Fu, mantissa = h & 0x3FFu;
  uint32_t bits;
  if (exponent == 0) {
    const float magnitude = (float)mantissa * 0x1p-24f;
    memcpy(&bits, &magnitude, sizeof bits);
    bits |= sign;
  } else if (exponent == 31) {
    bits = sign | 0x7F800000u | (mantissa << 13);
  } else {
    bits = sign | ((exponent + 112) << 23) | (mantissa << 13);
  }
  float out;
  memcpy(&out, &bits, sizeof out);
  return out;
}

/// The nearest IEEE half, ties to even, without help from the processor; overflow gives infinity.
static inline uint16_t rk_half_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return sign | 0x7E00u;
  // 65520 is half way between the largest finite half and what would follow it.
  if (magnitude >= 0x477FF000u) return sign | 0x7C00u;
  if (magnitude < 0x38800000u) {
    // Subnormal in half precision: an f32 addition rounds at 2^-24.
    float shifted;
    memcpy(&shifted, &magnitude, sizeof shifted);
    shifted += 0.5f;
    uint32_t rounded;
    memcpy(&rounded, &shifted, sizeof rounded);
    return sign | (uint16_t)(rounded - 0x3F000000u);
  }
  const uint32_t rounded = magnitude + 0xFFFu + (magnitude >> 13 & 1u);
  return sign | (uint16_t)((rounded - 0x38000000u) >> 13);
}

#endif
