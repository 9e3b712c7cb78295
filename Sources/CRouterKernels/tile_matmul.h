// Products with tiled matrices, one for each encoding: drives add_group_NAME over row blocks, panels of groups
// and passes of activation rows.
//
// A pass handles up to RK_PASS rows with one read of the tiles; the row count is a constant in each instance,
// so that the accumulators stay in registers. With more rows than one pass takes, a panel of the tiles stays
// in the first-level cache for all of them, and the f32 totals wait in y from one panel to the next: a row
// adds its groups in the same order in whatever company it is.
//
// The including file has included vector.h. It defines RK_PASS; RK_PARTS, the vectors of a tile's lanes that one
// call of add_group_NAME takes; RK_MASKED_LANES if it has load_lanes and store_lanes of its own; and what the encodings'
// files need of its instruction set.

/// The f16 values at `p`, one a lane.
static inline rk_vf half_lanes(const uint8_t *p) {
  rk_vhf v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, rk_vf);
}

#ifndef RK_MASKED_LANES
/// The first `lanes` of the floats at `y`; the others are zero.
static inline rk_vf load_lanes(const float *y, size_t lanes) {
  if (lanes >= RK_WIDTH) return vload(y);
  float all[RK_WIDTH] = {0};
  memcpy(all, y, lanes * sizeof(float));
  return vload(all);
}

static inline void store_lanes(float *y, rk_vf v, size_t lanes) {
  if (lanes >= RK_WIDTH) {
    vstore(y, v);
    return;
  }
  float all[RK_WIDTH];
  vstore(all, v);
  memcpy(y, all, lanes * sizeof(float));
}
#endif

/// Lanes of part `part` of a row of outputs; those beyond `lanes` are zero.
static inline rk_vf load_part(const float *y, int row, size_t stride, size_t lanes, size_t part) {
  const size_t first = part * RK_WIDTH;
  return load_lanes(y + (size_t)row * stride + first, lanes > first ? lanes - first : 0);
}

static inline void store_part(float *y, int row, size_t stride, size_t lanes, size_t part, rk_vf v) {
  const size_t first = part * RK_WIDTH;
  if (lanes > first) store_lanes(y + (size_t)row * stride + first, v, lanes - first);
}

#include "encodings.h"

/// Instances for more rows than a pass takes are never called.
#define RK_ROWS(N) (N < RK_PASS ? N : RK_PASS)

/// Groups of a panel: 16 kB of q8 tiles.
enum { rk_panel = 32 };

static inline rk_activations activations_from(rk_activations x, size_t row, size_t k, size_t group) {
  const size_t at = row * (k / rk_group) + group;
  return (rk_activations){x.codes + at * rk_group, x.scales + at, x.sums + at};
}

/// What a pass asks for at each tile. With one pass, which goes at the speed of memory, it is the tile that lies some
/// kB ahead, for the first-level cache; with several, each pass asks for its share of the panel to come, a few lines a
/// tile, since a burst of them would hold up the loads.
typedef struct rk_ahead {
  size_t distance, first, last;  ///< bytes from the tile to the one asked for, and which of that tile's bytes
  int soon;
} rk_ahead;

static inline rk_ahead ahead_of(size_t pass, size_t passes, size_t panel_bytes, size_t tile_bytes) {
  const size_t lines = (tile_bytes + 63) / 64;
  return (rk_ahead){
      .distance = passes > 1 ? panel_bytes : rk_prefetch_bytes,
      .first = lines * pass / passes * 64,
      .last = lines * (pass + 1) / passes * 64,
      .soon = passes == 1,
  };
}

RK_BLOCK void prefetch_tile(const uint8_t *tile, rk_ahead ahead) {
  const uint8_t *next = tile + ahead.distance;
  if (ahead.soon)
    for (size_t at = ahead.first; at < ahead.last; at += 64) __builtin_prefetch(next + at, 0, 3);
  else
    for (size_t at = ahead.first; at < ahead.last; at += 64) __builtin_prefetch(next + at, 0, 2);
}

/// `groups` tiles of one row block times `rows` rows of activations, put into y or, where it resumes, added.
#define RK_TILE_BLOCK(ENCODING)                                                                      \
  RK_BLOCK void block_##ENCODING(const uint8_t *tiles, size_t groups, rk_activations x, size_t k,    \
                                 const int rows, float *y, size_t stride, size_t lanes, int resumes, \
                                 rk_ahead ahead) {                                                   \
    /* The first part has a lane at least. */                                                        \
    for (size_t part = 0; part < rk_tile_rows / RK_WIDTH && (part == 0 || part * RK_WIDTH < lanes);  \
         part += RK_PARTS) {                                                                         \
      rk_vf total[RK_PARTS * RK_PASS];                                                               \
      for (int p = 0; p < RK_PARTS; p++)                                                             \
        for (int i = 0; i < rows; i++)                                                               \
          total[p * RK_PASS + i] = resumes ? (rk_vf)load_part(y, i, stride, lanes, part + p) : vsplat(0); \
      const uint8_t *tile = tiles;                                                                   \
      for (size_t g = 0; g < groups; g++, tile += rk_##ENCODING##_tile_bytes) {                      \
        prefetch_tile(tile, ahead);                                                                  \
        add_group_##ENCODING(tile, part, x, k, g, rows, total);                                      \
      }                                                                                              \
      for (int p = 0; p < RK_PARTS; p++)                                                             \
        for (int i = 0; i < rows; i++)                                                               \
          store_part(y, i, stride, lanes, part + p, total[p * RK_PASS + i]);                         \
    }                                                                                                \
  }

RK_ENCODINGS(RK_TILE_BLOCK)

#define RK_TILE_CASE(ENCODING, ROWS)                                                 \
  block_##ENCODING(tile, count, part, k, ROWS, out, stride, lanes, group > 0, ahead)

#define RK_TILE_MATMUL(ENCODING)                                                                        \
  static void matmul_##ENCODING(const uint8_t *tiles, size_t first, size_t last, size_t n, size_t k,    \
                                rk_activations x, size_t m, float *y, size_t stride) {                  \
    const size_t groups = k / rk_group, passes = (m + RK_PASS - 1) / RK_PASS;                           \
    const size_t panel = passes > 1 ? rk_panel : groups, bytes = rk_##ENCODING##_tile_bytes;            \
    for (size_t block = first; block < last; block++) {                                                 \
      const size_t row = block * rk_tile_rows, lanes = n - row < rk_tile_rows ? n - row : rk_tile_rows; \
      for (size_t group = 0; group < groups; group += panel) {                                          \
        const size_t count = groups - group < panel ? groups - group : panel;                           \
        const uint8_t *tile = tiles + (block * groups + group) * bytes;                                 \
        for (size_t i = 0, pass = 0; pass < passes; pass++) {                                           \
          const size_t rows = (m - i + passes - pass - 1) / (passes - pass);                            \
          const rk_ahead ahead = ahead_of(pass, passes, count * bytes, bytes);                          \
          const rk_activations part = activations_from(x, i, k, group);                                 \
          float *out = y + i * stride + row;                                                            \
          switch (rows) {                                                                               \
            case 1: RK_TILE_CASE(ENCODING, 1); break;                                                   \
            case 2: RK_TILE_CASE(ENCODING, 2); break;                                                   \
            case 3: RK_TILE_CASE(ENCODING, 3); break;                                                   \
            case 4: RK_TILE_CASE(ENCODING, 4); break;                                                   \
            case 5: RK_TILE_CASE(ENCODING, RK_ROWS(5)); break;                                          \
            case 6: RK_TILE_CASE(ENCODING, RK_ROWS(6)); break;                                          \
            case 7: RK_TILE_CASE(ENCODING, RK_ROWS(7)); break;                                          \
            default: RK_TILE_CASE(ENCODING, RK_PASS); break;                                            \
          }                                                                                             \
          i += rows;                                                                                    \
        }                                                                                               \
      }                                                                                                 \
    }                                                                                                   \
  }

RK_ENCODINGS(RK_TILE_MATMUL)
