// Kernels for weights in several encodings, chosen at run time for the processor at hand.
//
// Shapes: M rows of activations, K input width, N output width. Matrices are row-major. A kernel works on a
// range of output rows so that the caller can spread one product over threads.
//
// Quantised weights are held in tiles of 16 output rows x 32 input columns, so that one 32-bit vector lane
// belongs to one output row and four activations are broadcast at a time. What a tile holds is written in the
// encoding's own file (encodings/NAME.h). Tiles of one row block follow each other along K; row blocks follow
// each other along N; rows past N are zero.

#ifndef ROUTER_KERNELS_H
#define ROUTER_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { rk_tile_rows = 16, rk_group = 32 };

/// The encodings whose weights are held in tiles.
#define RK_ENCODINGS(ENTRY) ENTRY(q8) ENTRY(q4)

#define RK_ENCODING_CASE(ENCODING) rk_encoding_##ENCODING,
typedef enum rk_encoding { RK_ENCODINGS(RK_ENCODING_CASE) rk_encoding_count } rk_encoding;
#undef RK_ENCODING_CASE

typedef enum rk_isa {
  rk_isa_scalar = 0,
  rk_isa_avx2 = 1,
  rk_isa_avx512 = 2,
  rk_isa_neon = 3,
} rk_isa;

/// Activations quantised in groups of 32: x = scale * code, with the sum of each group's codes.
typedef struct rk_activations {
  const int8_t *codes;  ///< [M, K]
  const float *scales;  ///< [M, K / 32]
  const float *sums;    ///< [M, K / 32]: the sum of the codes of a group
} rk_activations;

/// y[i, r] = x[i] . w[r] for row blocks first ..< last of tiles, i < m; y has row stride `stride`, and columns
/// at or past `n` are not written.
typedef void (*rk_tile_matmul)(const uint8_t *tiles, size_t first, size_t last, size_t n, size_t k,
                               rk_activations x, size_t m, float *y, size_t stride);

/// What an encoding's tiles are, on every processor.
typedef struct rk_tile_format {
  size_t tile_bytes;

  /// Repacks rows first ..< last (multiples of 16 but for the end) of a matrix [N, K] as it is stored: codes,
  /// and what accompanies them, in the order in which the encoding's file lists it.
  void (*pack)(const void *codes, const void *const *companions, size_t first, size_t last, size_t n, size_t k,
               uint8_t *tiles);

  /// Decodes row `row` of a tiled matrix into f32 [K].
  void (*decode)(const uint8_t *tiles, size_t row, size_t k, float *out);

  /// Fills row blocks first ..< last with pseudo-random codes. Weights have mean zero and standard deviation
  /// 1 / sqrt(k), so that products keep the scale of their input. The bytes depend on `seed` and the block alone.
  void (*fill)(uint8_t *tiles, size_t first, size_t last, size_t k, uint64_t seed);
} rk_tile_format;

/// The tiles of an encoding.
const rk_tile_format *rk_format(rk_encoding encoding);
/// Bytes of a matrix [N, K] in tiles.
size_t rk_tiles_bytes(rk_encoding encoding, size_t n, size_t k);

/// Keys and values of one head are held in tiles of 64 positions, and attention goes over blocks of 128.
enum { rk_cache_tile = 64, rk_cache_block = 128 };

/// How keys and values are held. q8: 8-bit codes with an f32 scale for each key and each value, x = scale * code.
typedef enum rk_element { rk_element_f32 = 0, rk_element_f16 = 1, rk_element_q8 = 2 } rk_element;

/// The keys and values of one head, in blocks of 128 positions that may lie anywhere.
typedef struct rk_cache {
  void *const *blocks;  ///< where each block starts, in the order of positions
  size_t keys;          ///< bytes from there to the keys [2, K, 64], tiles of 64 positions; of q8, then scales [128]
  size_t values;        ///< bytes from there to the values [128, K]; of q8, then scales [128]
  size_t width;         ///< K
  rk_element element;
} rk_cache;

/// Bytes of the keys of a block, or of its values, for heads of width k.
static inline size_t rk_cache_bytes(rk_element element, size_t k) {
  switch (element) {
    case rk_element_f32: return rk_cache_block * k * 4;
    case rk_element_f16: return rk_cache_block * k * 2;
    default: return rk_cache_block * (k + 4);
  }
}

/// Queries of the heads that share one head of keys and values: row r, head h starts at rows + r * stride + h
/// * K.
typedef struct rk_queries {
  const float *rows;
  size_t stride;
  size_t heads;
  size_t position;  ///< of row 0: row r sees positions 0 ... position + r
  float scale;      ///< of the scores, > 0
} rk_queries;

/// The keys and the values of block `block`.
static inline void *rk_cache_keys(const rk_cache *cache, size_t block) {
  return (char *)cache->blocks[block] + cache->keys;
}

static inline void *rk_cache_values(const rk_cache *cache, size_t block) {
  return (char *)cache->blocks[block] + cache->values;
}

/// What softmax measures need to know of some logits, at least one: the two largest (a lone one twice), the smallest, and
/// relative to the largest, m, the sums of exp(x - m) and of (x - m) exp(x - m). A logit that is not finite shows in a sum.
typedef struct rk_softmax {
  float largest, second, smallest;
  double partition, weighted;
} rk_softmax;

/// One processor's kernels. Every function accepts unaligned pointers and any tail.
typedef struct rk_kernels {
  rk_isa isa;
  const char *name;

  /// Quantises x f32 [M, K] to codes, scales and sums; K is a multiple of 32. The scale of a group that holds
  /// a NaN or an infinity is NaN.
  void (*quantize)(const float *x, size_t m, size_t k, int8_t *codes, float *scales, float *sums);

  /// By rk_encoding.
  const rk_tile_matmul *matmul_tiles;

  /// y[i, r] = x[i] . w[r] for rows first ..< last of a row-major matrix [N, K].
  void (*matmul_f32)(const float *w, size_t first, size_t last, size_t k, const float *x, size_t m, float *y,
                     size_t stride);
  void (*matmul_bf16)(const uint16_t *w, size_t first, size_t last, size_t k, const float *x, size_t m,
                      float *y, size_t stride);

  /// y[r] = x . w[r] for some rows r of a row-major 8-bit matrix [N, K]: its codes, and a scale for each group of 32; x is
  /// one row of activations.
  void (*dot_rows)(const int8_t *codes, const float *scales, const uint32_t *rows, size_t count, size_t k,
                   rk_activations x, float *y);

  /// x[i] += y[i], and the largest of each block of 16 sums [(N + 15) / 16].
  void (*add_tops)(float *x, const float *y, size_t n, float *tops);
  /// Puts into rows [N] those r, ascending, whose x[r] reaches what the largest of `wanted` blocks of 16 reach, and hardly
  /// more; all if that many blocks are all, or if the largest of one is not finite. Returns how many.
  size_t (*leading_rows)(const float *x, size_t n, const float *tops, size_t wanted, uint32_t *rows);

  rk_softmax (*softmax)(const float *x, size_t n);

  /// y[i] = x[i] / rms(x) * w[i], rms over n elements with epsilon under the root.
  void (*rms_norm)(const float *x, const float *w, size_t n, float epsilon, float *y);
  /// The same numbers as rms_norm, then quantize of its result; n is a multiple of 32.
  void (*rms_norm_quantize)(const float *x, const float *w, size_t n, float epsilon, int8_t *codes,
                            float *scales, float *sums);
  /// x[i] += y[i].
  void (*add)(float *x, const float *y, size_t n);
  /// gate[i] = silu(gate[i]) * up[i].
  void (*silu_multiply)(float *gate, const float *up, size_t n);
  /// The same numbers as silu_multiply, then quantize of its result; n is a multiple of 32. gate stays.
  void (*silu_multiply_quantize)(const float *gate, const float *up, size_t n, int8_t *codes, float *scales,
                                 float *sums);
  /// Rotates one head of width k in place: pairs (i, i + k / 2) by the angle whose cosine and sine are given.
  void (*rotate)(float *head, const float *cosines, const float *sines, size_t k);

  /// Puts a key and a value f32 [K] into the cache at a position, rounded to its element type. In q8 the scale of a
  /// key or value that holds a NaN or an infinity is NaN.
  void (*store)(const rk_cache *cache, size_t position, const float *key, const float *value);
  /// out = softmax(scale * q . keys) . values for rows first ..< last; out is laid out as the queries are.
  ///
  /// Blocks of the cache are folded in order with an online softmax (arXiv 2205.14135, algorithm 1): a row's
  /// result depends on no other row, and not on what lies beyond its own position. `next` is where the keys begin
  /// that will be read after this call, or NULL: the call asks memory for them.
  void (*attend)(const rk_cache *cache, const rk_queries *queries, size_t first, size_t last, const void *next,
                 float *out);
  /// What block `block` contributes to rows 0 ..< rows: [rows, heads, K + 2], the largest scaled score, the
  /// sum of the weights relative to it, and the weighted sum of the values. `next` as for attend.
  void (*attend_part)(const rk_cache *cache, const rk_queries *queries, size_t rows, size_t block,
                      const void *next, float *parts);
  /// One query's output f32 [K] from its parts of blocks 0 ..< blocks, `stride` floats apart: the bits of
  /// attend.
  void (*attend_join)(const float *parts, size_t stride, size_t blocks, size_t k, float *out);
} rk_kernels;

/// Tells the processor that the caller spins on a variable.
static inline void rk_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Asks for `bytes` bytes from `p` on, which will be read soon; any address will do.
static inline void rk_expect(const void *p, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch((const char *)p + at, 0, 2);
}

/// The fastest kernels that this processor runs.
const rk_kernels *rk_best(void);
/// The kernels of one instruction set, or NULL where the processor or the build lacks it.
const rk_kernels *rk_for(rk_isa isa);

#endif
