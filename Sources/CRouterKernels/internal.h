// What the kernel files share: f16 conversion and the table of each instruction set.

#ifndef ROUTER_KERNELS_INTERNAL_H
#define ROUTER_KERNELS_INTERNAL_H

#include <string.h>

#include "router_kernels.h"

extern const rk_kernels rk_scalar_kernels;
#if defined(__x86_64__)
extern const rk_kernels rk_avx2_kernels;
extern const rk_kernels rk_avx512_kernels;
#endif

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

#endif
