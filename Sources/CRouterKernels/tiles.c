// Tiles in plain C: packing from the stored row-major form, decoding single rows, and pseudo-random weights that
// are made in place, for measurements that need no real ones.

#include <math.h>

#include "internal.h"

/// What lies beside random codes: the same f16 values in every group, each for all lanes of a tile.
typedef struct random_companions {
  size_t count;
  uint16_t values[2];
} random_companions;

/// The nearest IEEE half of a positive number within its normal range.
static uint16_t half_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits += 0xFFF + ((bits >> 13) & 1);
  return (uint16_t)((bits - 0x38000000u) >> 13);
}

#define RK_PORTABLE
#include "encodings.h"

/// SplitMix64: a well-mixed word from any counter.
static inline uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static void fill(uint8_t *p, size_t bytes, uint64_t *state) {
  for (size_t i = 0; i < bytes; i += 8) {
    const uint64_t word = mix(*state += 0x9E3779B97F4A7C15u);
    memcpy(p + i, &word, sizeof word);
  }
}

static void fill_blocks(uint8_t *tiles, size_t tile_bytes, size_t first, size_t last, size_t groups,
                        uint64_t seed, random_companions companions) {
  const size_t head = companions.count * 2 * rk_tile_rows;
  for (size_t block = first; block < last; block++) {
    uint64_t state = mix(seed ^ mix(block));
    for (size_t g = 0; g < groups; g++) {
      uint8_t *tile = tiles + (block * groups + g) * tile_bytes;
      for (size_t i = 0; i < companions.count * rk_tile_rows; i++)
        memcpy(tile + 2 * i, &companions.values[i / rk_tile_rows], 2);
      fill(tile + head, tile_bytes - head, &state);
    }
  }
}

#define RK_TILE_FORMAT(ENCODING)                                                                           \
  static void pack_##ENCODING(const void *codes, const void *const *companions, size_t first, size_t last, \
                              size_t n, size_t k, uint8_t *tiles) {                                        \
    const size_t groups = k / rk_group;                                                                    \
    for (size_t row = first; row < last && row < n; row++)                                                 \
      for (size_t g = 0; g < groups; g++)                                                                  \
        pack_group_##ENCODING(codes, companions, row * groups + g, row % rk_tile_rows,                     \
                              tiles + (row / rk_tile_rows * groups + g) * rk_##ENCODING##_tile_bytes);     \
  }                                                                                                        \
  static void decode_##ENCODING(const uint8_t *tiles, size_t row, size_t k, float *out) {                  \
    const size_t groups = k / rk_group;                                                                    \
    for (size_t g = 0; g < groups; g++)                                                                    \
      decode_group_##ENCODING(tiles + (row / rk_tile_rows * groups + g) * rk_##ENCODING##_tile_bytes,      \
                              row % rk_tile_rows, out + g * rk_group);                                     \
  }                                                                                                        \
  static void fill_##ENCODING(uint8_t *tiles, size_t first, size_t last, size_t k, uint64_t seed) {        \
    fill_blocks(tiles, rk_##ENCODING##_tile_bytes, first, last, k / rk_group, seed, random_##ENCODING(k)); \
  }

RK_ENCODINGS(RK_TILE_FORMAT)

#define RK_FORMAT_ENTRY(ENCODING)               \
  [rk_encoding_##ENCODING] = {                  \
      .tile_bytes = rk_##ENCODING##_tile_bytes, \
      .pack = pack_##ENCODING,                  \
      .decode = decode_##ENCODING,              \
      .fill = fill_##ENCODING,                  \
  },

static const rk_tile_format formats[rk_encoding_count] = {RK_ENCODINGS(RK_FORMAT_ENTRY)};

const rk_tile_format *rk_format(rk_encoding encoding) { return &formats[encoding]; }

size_t rk_tiles_bytes(rk_encoding encoding, size_t n, size_t k) {
  return (n + rk_tile_rows - 1) / rk_tile_rows * (k / rk_group) * formats[encoding].tile_bytes;
}
