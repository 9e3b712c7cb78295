// The tile layout: repacking from the stored row-major form, and decoding single rows.

#include "internal.h"

static size_t row_blocks(size_t n) { return (n + rk_tile_rows - 1) / rk_tile_rows; }

size_t rk_q8_bytes(size_t n, size_t k) { return row_blocks(n) * (k / rk_group) * rk_q8_tile_bytes; }
size_t rk_q4_bytes(size_t n, size_t k) { return row_blocks(n) * (k / rk_group) * rk_q4_tile_bytes; }

void rk_pack_q8(const int8_t *codes, const uint16_t *scales, size_t first, size_t last, size_t n, size_t k,
                uint8_t *tiles) {
  const size_t groups = k / rk_group;
  for (size_t row = first; row < last && row < n; row++) {
    const size_t block = row / rk_tile_rows, lane = row % rk_tile_rows;
    for (size_t g = 0; g < groups; g++) {
      uint8_t *tile = tiles + (block * groups + g) * rk_q8_tile_bytes;
      memcpy(tile + 2 * lane, &scales[row * groups + g], 2);
      uint8_t *out = tile + 2 * rk_tile_rows;
      const int8_t *in = codes + row * k + g * rk_group;
      for (size_t c = 0; c < rk_group; c++)
        out[(c / 4) * 64 + lane * 4 + c % 4] = (uint8_t)((int)in[c] + 128);
    }
  }
}

void rk_pack_q4(const uint8_t *codes, const uint16_t *scales, const uint16_t *mins, size_t first, size_t last,
                size_t n, size_t k, uint8_t *tiles) {
  const size_t groups = k / rk_group;
  for (size_t row = first; row < last && row < n; row++) {
    const size_t block = row / rk_tile_rows, lane = row % rk_tile_rows;
    for (size_t g = 0; g < groups; g++) {
      uint8_t *tile = tiles + (block * groups + g) * rk_q4_tile_bytes;
      memcpy(tile + 2 * lane, &scales[row * groups + g], 2);
      memcpy(tile + 2 * rk_tile_rows + 2 * lane, &mins[row * groups + g], 2);
      uint8_t *out = tile + 4 * rk_tile_rows;
      const uint8_t *in = codes + (row * k + g * rk_group) / 2;
      for (size_t j = 0; j < 4; j++)
        for (size_t c = 0; c < 4; c++) {
          const size_t low = 8 * j + c, high = low + 4;
          const uint8_t a = (in[low / 2] >> (4 * (low % 2))) & 15, b = (in[high / 2] >> (4 * (high % 2))) & 15;
          out[j * 64 + lane * 4 + c] = (uint8_t)(a | b << 4);
        }
    }
  }
}

void rk_decode_q8(const uint8_t *tiles, size_t row, size_t k, float *out) {
  const size_t groups = k / rk_group, block = row / rk_tile_rows, lane = row % rk_tile_rows;
  for (size_t g = 0; g < groups; g++) {
    const uint8_t *tile = tiles + (block * groups + g) * rk_q8_tile_bytes;
    const float scale = rk_half_to_float(rk_load_u16(tile + 2 * lane));
    const uint8_t *codes = tile + 2 * rk_tile_rows;
    for (size_t c = 0; c < rk_group; c++)
      out[g * rk_group + c] = scale * (float)((int)codes[(c / 4) * 64 + lane * 4 + c % 4] - 128);
  }
}

void rk_decode_q4(const uint8_t *tiles, size_t row, size_t k, float *out) {
  const size_t groups = k / rk_group, block = row / rk_tile_rows, lane = row % rk_tile_rows;
  for (size_t g = 0; g < groups; g++) {
    const uint8_t *tile = tiles + (block * groups + g) * rk_q4_tile_bytes;
    const float scale = rk_half_to_float(rk_load_u16(tile + 2 * lane));
    const float minimum = rk_half_to_float(rk_load_u16(tile + 2 * rk_tile_rows + 2 * lane));
    const uint8_t *codes = tile + 4 * rk_tile_rows;
    for (size_t c = 0; c < rk_group; c++) {
      const uint8_t byte = codes[(c / 8) * 64 + lane * 4 + c % 4];
      out[g * rk_group + c] = scale * (float)((byte >> (4 * (c / 4 % 2))) & 15) + minimum;
    }
  }
}
