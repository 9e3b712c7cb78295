// Encodes blocks of a screen with vectors of RK_PACK_WIDTH floats, for the including file's instruction set.
// Products and sums are rounded one by one and in the same order, so all sets give the same codes.

#include <math.h>

enum { pack_parts = rk_group / RK_PACK_WIDTH };

typedef float pack_float __attribute__((ext_vector_type(RK_PACK_WIDTH)));
typedef int32_t pack_int __attribute__((ext_vector_type(RK_PACK_WIDTH)));

/// How the levels continue from 3: where one ends, and how far it is to the next.
static const float pack_edges[7] = {6, 12, 19, 27, 35, 44, 56};
static const float pack_steps[7] = {6, 6, 8, 8, 8, 10, 14};

static inline pack_float pack_load(const float *p) {
  pack_float v;
  memcpy(&v, p, sizeof v);
  return v;
}

/// The levels next to x, in units of 1 / 63.
static inline pack_float nearest_levels(pack_float x) {
  const pack_float magnitude = __builtin_elementwise_abs(x);
  pack_float level = 3;
#pragma clang loop unroll(full)
  for (int i = 0; i < 7; i++) level = magnitude > pack_edges[i] ? level + pack_steps[i] : level;
  return x < 0 ? -level : level;
}

/// The codes of the levels next to x.
static inline pack_int nearest_codes(pack_float x) {
  const pack_float magnitude = __builtin_elementwise_abs(x);
  pack_int above = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 7; i++) above = magnitude > pack_edges[i] ? above + 1 : above;
  return x < 0 ? 7 - above : 8 + above;
}

static inline float pack_largest(const float *v) {
  pack_float top = __builtin_elementwise_abs(pack_load(v));
  for (int p = 1; p < pack_parts; p++)
    top = __builtin_elementwise_max(top, __builtin_elementwise_abs(pack_load(v + p * RK_PACK_WIDTH)));
  return __builtin_reduce_max(top);
}

/// Squared error of a group that is encoded with a scale.
static inline float group_error(const float *v, float scale) {
  const float inverse = 1 / scale;
  float lanes[rk_group];
  for (int p = 0; p < pack_parts; p++) {
    const pack_float a = pack_load(v + p * RK_PACK_WIDTH), e = a - scale * nearest_levels(a * inverse);
    const pack_float square = e * e;
    memcpy(lanes + p * RK_PACK_WIDTH, &square, sizeof square);
  }
  for (int step = rk_group / 2; step > 0; step /= 2)
    for (int i = 0; i < step; i++) lanes[i] += lanes[i + step];
  return lanes[0];
}

/// Encodes one group and leaves its residual; returns the group scale.
static inline uint8_t pack_group(float *v, float top, float row_scale, uint8_t *codes) {
  // Where the largest weight lies a little beyond the last level, the others come out better; which of these
  // shares is the best depends on the group.
  static const float shares[2] = {0.85f, 0.94f};
  float factors[2], errors[2];
  for (int i = 0; i < 2; i++) {
    const float factor = rintf(top / (rk_last_level * row_scale) * shares[i]);
    factors[i] = factor < 1 ? 1 : factor > 255 ? 255 : factor;
    errors[i] = group_error(v, factors[i] * row_scale);
  }
  const float factor = factors[errors[1] < errors[0]], scale = factor * row_scale, inverse = 1 / scale;
  int index[rk_group];
  for (int p = 0; p < pack_parts; p++) {
    const pack_float a = pack_load(v + p * RK_PACK_WIDTH);
    const pack_float residual = a - scale * nearest_levels(a * inverse);
    const pack_int indices = nearest_codes(a * inverse);
    memcpy(v + p * RK_PACK_WIDTH, &residual, sizeof residual);
    memcpy(index + p * RK_PACK_WIDTH, &indices, sizeof indices);
  }
  for (int j = 0; j < 4; j++)
    for (int c = 0; c < 4; c++) codes[64 * j + c] = (uint8_t)(index[8 * j + c] | index[8 * j + 4 + c] << 4);
  return (uint8_t)factor;
}

static void pack(float *rows, size_t k, uint8_t *block) {
  const size_t groups = k / rk_group;
  for (size_t lane = 0; lane < rk_tile_rows; lane++) {
    float *row = rows + lane * k, largest = 0;
    for (size_t g = 0; g < groups; g++) {
      const float top = pack_largest(row + g * rk_group);
      largest = top > largest ? top : largest;
    }
    // Rows too small or too large for the scales' arithmetic keep their weights as the residual.
    const int scalable = largest >= 0x1p-90f && largest <= 0x1p90f;
    const uint16_t scale_bits = scalable ? bf16_at_least(largest / (rk_last_level * 255)) : 0;
    memcpy(block + 2 * lane, &scale_bits, 2);
    for (size_t g = 0; g < groups; g++) {
      float *group = row + g * rk_group;
      uint8_t *codes = block + screen_codes_at(k) + g * rk_screen_code_bytes + 4 * lane;
      uint8_t *scale = block + rk_group_scales_at + g * rk_tile_rows + lane;
      *scale = scalable ? pack_group(group, pack_largest(group), bf16_to_float(scale_bits), codes) : 0;
    }
  }
}
