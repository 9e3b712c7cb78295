// The screen in plain C: layout, reference kernels, and the choice of the processor's own.

#include "screen_internal.h"

#pragma STDC FP_CONTRACT OFF

#define RK_PACK_WIDTH 4
#include "screen_pack.h"

static const int8_t levels[16] = {RK_LEVELS};

static int level_at(const uint8_t *codes, size_t lane, size_t column) {
  const uint8_t byte = codes[column / 8 * 64 + lane * 4 + column % 4];
  return levels[column / 4 % 2 ? byte >> 4 : byte & 15];
}

static void score_block(const uint8_t *blocks, size_t b, size_t n, size_t k, rk_activations x, rk_reach reach,
                        float *top, float *ceiling) {
  const uint8_t *block = blocks + b * screen_block_bytes(k);
  const uint8_t *codes = block + screen_codes_at(k);
  *top = *ceiling = -INFINITY;
  for (size_t lane = 0; lane < rk_tile_rows && b * rk_tile_rows + lane < n; lane++) {
    float total = 0;
    for (size_t g = 0; g < k / rk_group; g++) {
      int dot = 0;
      for (size_t c = 0; c < rk_group; c++)
        dot += level_at(codes + g * rk_screen_code_bytes, lane, c) * x.codes[g * rk_group + c];
      total += (float)block[rk_group_scales_at + g * rk_tile_rows + lane] * x.scales[g] * (float)dot;
    }
    const rk_reach norms = rk_screen_norms(blocks, b * rk_tile_rows + lane, k);
    const float value = total * bf16_to_float(rk_load_u16(block + 2 * lane));
    const float reached = value + norms.inside * reach.inside + norms.outside * reach.outside;
    *top = value > *top ? value : *top;
    *ceiling = reached > *ceiling ? reached : *ceiling;
  }
}

static void score(const uint8_t *blocks, size_t first, size_t last, size_t n, size_t k, rk_screen_inputs inputs,
                  float *tops, float *ceilings, size_t stride) {
  for (size_t b = first; b < last; b++)
    for (size_t i = 0; i < inputs.count; i++)
      score_block(blocks, b, n, k, activation_row(inputs.x, i, k), inputs.reach[i], tops + i * stride + b,
                  ceilings + i * stride + b);
}

const rk_screen_kernels rk_screen_scalar = {.score = score, .pack = pack, .worthwhile_inputs = 8};

const rk_screen_kernels *rk_screen_for(rk_isa isa) {
#if defined(__x86_64__)
  if (isa == rk_isa_avx512) return &rk_screen_avx512;
  if (isa == rk_isa_avx2) return &rk_screen_avx2;
#elif defined(__aarch64__)
  if (isa != rk_isa_scalar) return &rk_screen_neon;
#endif
  return &rk_screen_scalar;
}

size_t rk_screen_block_bytes(size_t k) { return screen_block_bytes(k); }

void rk_screen_set_norms(uint8_t *block, size_t lane, float inside, float outside) {
  const uint16_t bits[2] = {bf16_at_least(inside), bf16_at_least(outside)};
  memcpy(block + rk_norms_at + 2 * lane, &bits[0], 2);
  memcpy(block + rk_norms_at + 2 * rk_tile_rows + 2 * lane, &bits[1], 2);
}

rk_reach rk_screen_norms(const uint8_t *blocks, size_t row, size_t k) {
  const uint8_t *norms =
      blocks + row / rk_tile_rows * screen_block_bytes(k) + rk_norms_at + row % rk_tile_rows * 2;
  return (rk_reach){bf16_to_float(rk_load_u16(norms)), bf16_to_float(rk_load_u16(norms + 2 * rk_tile_rows))};
}

void rk_screen_decode(const uint8_t *blocks, size_t row, size_t k, float *out) {
  const size_t lane = row % rk_tile_rows;
  const uint8_t *block = blocks + row / rk_tile_rows * screen_block_bytes(k);
  const uint8_t *codes = block + screen_codes_at(k);
  const float row_scale = bf16_to_float(rk_load_u16(block + 2 * lane));
  for (size_t c = 0; c < k; c++) {
    const float scale = row_scale * (float)block[rk_group_scales_at + c / rk_group * rk_tile_rows + lane];
    out[c] = scale * (float)level_at(codes + c / rk_group * rk_screen_code_bytes, lane, c % rk_group);
  }
}
