// Tiles of pseudo-random weights, made in place: models of any shape, for measurements that need no real weights.

#include <math.h>

#include "internal.h"
#include "router_probes.h"

/// SplitMix64: a well-mixed word from any counter.
static inline uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// The nearest IEEE half of a positive number within its normal range.
static uint16_t half_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits += 0xFFF + ((bits >> 13) & 1);
  return (uint16_t)((bits - 0x38000000u) >> 13);
}

static void fill(uint8_t *p, size_t bytes, uint64_t *state) {
  for (size_t i = 0; i < bytes; i += 8) {
    const uint64_t word = mix(*state += 0x9E3779B97F4A7C15u);
    memcpy(p + i, &word, sizeof word);
  }
}

void rk_fill_q8(uint8_t *tiles, size_t first, size_t last, size_t k, uint64_t seed) {
  const size_t groups = k / rk_group;
  // Uniform codes -128 ... 127: variance (256^2 - 1) / 12. Their mean of -1/2 is 0.7 % of that deviation.
  const uint16_t scale = half_of(sqrtf(12.0f / 65535.0f / (float)k));
  for (size_t block = first; block < last; block++) {
    uint64_t state = mix(seed ^ mix(block));
    for (size_t g = 0; g < groups; g++) {
      uint8_t *tile = tiles + (block * groups + g) * rk_q8_tile_bytes;
      for (int lane = 0; lane < rk_tile_rows; lane++) memcpy(tile + 2 * lane, &scale, sizeof scale);
      fill(tile + 2 * rk_tile_rows, rk_q8_tile_bytes - 2 * rk_tile_rows, &state);
    }
  }
}

void rk_fill_q4(uint8_t *tiles, size_t first, size_t last, size_t k, uint64_t seed) {
  const size_t groups = k / rk_group;
  // Uniform codes 0 ... 15: variance (16^2 - 1) / 12, mean 7.5.
  const float step = sqrtf(12.0f / 255.0f / (float)k);
  const uint16_t scale = half_of(step);
  const uint16_t minimum = half_of(7.5f * rk_half_to_float(scale)) | 0x8000u;
  for (size_t block = first; block < last; block++) {
    uint64_t state = mix(seed ^ mix(block));
    for (size_t g = 0; g < groups; g++) {
      uint8_t *tile = tiles + (block * groups + g) * rk_q4_tile_bytes;
      for (int lane = 0; lane < rk_tile_rows; lane++) {
        memcpy(tile + 2 * lane, &scale, sizeof scale);
        memcpy(tile + 2 * rk_tile_rows + 2 * lane, &minimum, sizeof minimum);
      }
      fill(tile + 4 * rk_tile_rows, rk_q4_tile_bytes - 4 * rk_tile_rows, &state);
    }
  }
}
