// Attention in terms of a vector of RK_WIDTH floats, for the including file's instruction set.
//
// Keys lie in tiles of 64 positions, so that a vector lane is a position: scores need no sums across lanes,
// one load of keys serves every query of the tile, and a query's elements are broadcast. Values lie by
// position, so that a lane is a column of the output. Each query folds the blocks of 128 positions in
// ascending order, in the same operations whatever else is computed beside it.
//
// A cache of many sequences is read once a sweep, from memory, in pieces too short for the processor to foresee: each
// loop asks for what the next one reads.
//
// The including file has included vector.h and defines RK_ACCUMULATORS, the vector registers that hold sums;
// RK_SCORE_PASS and RK_VALUE_PASS, the queries that share a read of keys and of values; and RK_IN_ORDER(sum), which
// keeps the compiler from loading before `sum` is there, where sums fill the registers.

/// What comes after the loop at hand: `count` reads, `step` bytes apart.
typedef struct rk_coming {
  const char *at;
  size_t step, count;
} rk_coming;

/// Asks for read `i` of what comes, `bytes` bytes.
RK_BLOCK void expect(rk_coming coming, size_t i, size_t bytes) {
  if (i >= coming.count) return;
  const char *at = coming.at + i * coming.step;
  for (size_t b = 0; b < bytes; b += 64) __builtin_prefetch(at + b);
}

/// What the elements of a vector of positions are multiples of.
#define RK_SCALED(sum, keys, k, position) ((sum) * vload(rk_cache_scales(keys, k) + (position)))
#define RK_AS_IS(sum, keys, k, position) (sum)

/// Scores f32 [rows, 128] of `rows` queries over `columns` vectors of positions, from vector `first` of a
/// block on.
#define RK_SCORES(NAME, TYPE, LOAD, SCALED)                                                               \
  RK_BLOCK void NAME(const TYPE *keys, size_t k, const float *const *q, const int rows, size_t first,     \
                     const int columns, rk_coming coming, float *scores) {                                \
    const float *query[RK_SCORE_PASS];                                                                    \
    for (int i = 0; i < rows; i++) query[i] = q[i];                                                       \
    const TYPE *column[4];                                                                                \
    for (int t = 0; t < columns; t++) {                                                                   \
      const size_t position = (first + (size_t)t) * RK_WIDTH;                                             \
      column[t] = keys + position / rk_cache_tile * rk_cache_tile * k + position % rk_cache_tile;         \
    }                                                                                                     \
    rk_vf sums[RK_ACCUMULATORS];                                                                          \
    for (int i = 0; i < rows * columns; i++) sums[i] = vsplat(0);                                         \
    for (size_t c = 0; c < k; c++) {                                                                      \
      expect(coming, c, (size_t)columns * RK_WIDTH * sizeof(TYPE));                                       \
      if (rows < columns) {                                                                               \
        rk_vf element[RK_SCORE_PASS];                                                                     \
        for (int i = 0; i < rows; i++) element[i] = vsplat(query[i][c]);                                  \
        RK_UNROLL                                                                                         \
        for (int t = 0; t < columns; t++) {                                                               \
          const rk_vf key = LOAD(column[t] + c * rk_cache_tile);                                          \
          RK_UNROLL                                                                                       \
          for (int i = 0; i < rows; i++) {                                                                \
            sums[i * columns + t] += element[i] * key;                                                    \
            RK_IN_ORDER(sums[i * columns + t]);                                                           \
          }                                                                                               \
        }                                                                                                 \
      } else {                                                                                            \
        rk_vf key[4];                                                                                     \
        for (int t = 0; t < columns; t++) key[t] = LOAD(column[t] + c * rk_cache_tile);                   \
        RK_UNROLL                                                                                         \
        for (int i = 0; i < rows; i++) {                                                                  \
          const rk_vf element = vsplat(query[i][c]);                                                      \
          for (int t = 0; t < columns; t++) sums[i * columns + t] += element * key[t];                    \
        }                                                                                                 \
      }                                                                                                   \
    }                                                                                                     \
    for (int i = 0; i < rows; i++)                                                                        \
      for (int t = 0; t < columns; t++) {                                                                 \
        const size_t position = (first + (size_t)t) * RK_WIDTH;                                           \
        vstore(scores + i * rk_cache_block + position, SCALED(sums[i * columns + t], keys, k, position)); \
      }                                                                                                   \
  }

RK_SCORES(scores_f32, float, vload, RK_AS_IS)
RK_SCORES(scores_f16, uint16_t, vload_f16, RK_AS_IS)
RK_SCORES(scores_q8, int8_t, vload_i8, RK_SCALED)

/// keep * a + take * b with one rounding of the sum.
static inline rk_vf blend(rk_vf a, float keep, rk_vf b, float take) {
  return __builtin_elementwise_fma(b, vsplat(take), a * keep);
}

/// How many times K values of codes are asked for before they are read: by each of two passes of four vectors over
/// the keys of a tile, or by the only one.
enum { rk_code_asks = 4 * RK_WIDTH < rk_cache_tile ? 2 : 1 };

/// Adds weights . values over a block's positions to columns 0 ..< `columns` vectors of rows of `sums`, which
/// are scaled by `keep` first, the addend by `take`.
#define RK_VALUES(NAME, TYPE, LOAD)                                                                            \
  RK_BLOCK void NAME(const TYPE *values, size_t k, const float *weights, const size_t *counts, const int rows, \
                     const int columns, const float *keep, const float *take, rk_coming coming,                \
                     float *const *sums, size_t at) {                                                          \
    size_t shared = counts[0];                                                                                 \
    for (int i = 1; i < rows; i++) shared = counts[i] < shared ? counts[i] : shared;                           \
    /* As many reads ahead as the loops before have asked for. */                                              \
    const rk_coming own = {(const char *)(values + at), k * sizeof(TYPE), shared};                             \
    const size_t asked = sizeof(TYPE) == 1 ? rk_code_asks * k : k,   ahead = shared < asked ? shared : asked;  \
    const size_t bytes = (size_t)columns * RK_WIDTH * sizeof(TYPE);                                            \
    rk_vf part[RK_ACCUMULATORS];                                                                               \
    for (int i = 0; i < rows * columns; i++) part[i] = vsplat(0);                                              \
    for (size_t s = 0; s < shared; s++) {                                                                      \
      const size_t read = s + ahead;                                                                           \
      if (read < shared) expect(own, read, bytes); else expect(coming, read - shared, bytes);                  \
      rk_vf weight[RK_VALUE_PASS];                                                                             \
      for (int i = 0; i < rows; i++) weight[i] = vsplat(weights[i * rk_cache_block + s]);                      \
      RK_UNROLL                                                                                                \
      for (int t = 0; t < columns; t++) {                                                                      \
        const rk_vf value = LOAD(values + s * k + at + (size_t)t * RK_WIDTH);                                  \
        RK_UNROLL                                                                                              \
        for (int i = 0; i < rows; i++) {                                                                       \
          part[i * columns + t] += weight[i] * value;                                                          \
          RK_IN_ORDER(part[i * columns + t]);                                                                  \
        }                                                                                                      \
      }                                                                                                        \
    }                                                                                                          \
    for (int i = 0; i < rows; i++) {                                                                           \
      for (size_t s = shared; s < counts[i]; s++) {                                                            \
        const rk_vf weight = vsplat(weights[i * rk_cache_block + s]);                                          \
        for (int t = 0; t < columns; t++)                                                                      \
          part[i * columns + t] += weight * LOAD(values + s * k + at + (size_t)t * RK_WIDTH);                  \
      }                                                                                                        \
      for (int t = 0; t < columns; t++) {                                                                      \
        float *sum = sums[i] + at + (size_t)t * RK_WIDTH;                                                      \
        vstore(sum, blend(vload(sum), keep[i], part[i * columns + t], take[i]));                               \
      }                                                                                                        \
    }                                                                                                          \
  }

RK_VALUES(values_f32, float, vload)
RK_VALUES(values_f16, uint16_t, vload_f16)
RK_VALUES(values_q8, int8_t, vload_i8)

/// Turns one query's scores over `count` positions into weights e^(scale * score - largest); returns their
/// sum. The weights that it leaves are multiplied by the scales of the values, if those have any.
///
/// A score that is no number, or an infinite one, makes its weight and so the query's output a NaN.
static inline float weigh(float *scores, size_t count, float scale, const float *value_scales, float *largest) {
  const size_t whole = (count + RK_WIDTH - 1) / RK_WIDTH * RK_WIDTH;
  for (size_t s = count; s < whole; s++) scores[s] = -INFINITY;
  rk_vf top = vsplat(-INFINITY);
  for (size_t s = 0; s < whole; s += RK_WIDTH) top = vmax(vload(scores + s), top);
  *largest = vlargest(top) * scale;
  rk_vf total = vsplat(0);
  for (size_t s = 0; s < whole; s += RK_WIDTH) {
    const rk_vf distance = vload(scores + s) * scale - *largest;
    const rk_vf weight = vexp(distance);
    vstore(scores + s, value_scales ? weight * vload(value_scales + s) : weight);
    total += weight;
  }
  return vsum(total);
}

/// Queries that go through a block of the cache together.
enum { rk_fold_queries = 24, rk_fold_lanes = 32 };

/// Where queries stand: the largest scaled score so far, and the sum of the weights relative to it.
typedef struct rk_folds {
  float largest[rk_fold_lanes], total[rk_fold_lanes];
} rk_folds;

/// Joins a block's largest scores and sums of weights to those of a vector of queries: factors for what they hold
/// and for what comes.
static inline void join(float *largest, float *total, rk_vf new_largest, rk_vf new_total, rk_vf *keep,
                        rk_vf *take) {
  const rk_vf old = vload(largest), one = vsplat(1);
  const rk_vi grows = new_largest > old;
  const rk_vf most = vselect(grows, new_largest, old), least = vselect(grows, old, new_largest);
  const rk_vf factor = vexp(least - most);
  *keep = vselect(grows, factor, one);
  *take = vselect(grows, one, factor);
  vstore(largest, most);
  vstore(total, __builtin_elementwise_fma(new_total, *take, vload(total) * *keep));
}

static inline size_t element_bytes(const rk_cache *cache) {
  switch (cache->element) {
    case rk_element_f32: return 4;
    case rk_element_f16: return 2;
    default: return 1;
  }
}

/// The reads of a block's keys from vector `v` of positions on.
static inline rk_coming keys_from(const rk_cache *cache, size_t block, size_t v) {
  const size_t bytes = element_bytes(cache), position = v * RK_WIDTH;
  const size_t tile = position / rk_cache_tile * rk_cache_tile;
  const char *keys = (const char *)rk_cache_keys(cache, block);
  return (rk_coming){keys + (tile * cache->width + position - tile) * bytes, rk_cache_tile * bytes, cache->width};
}

/// The reads of a block's values from column `c` on, of positions `first` ..< `positions`.
static inline rk_coming values_from(const rk_cache *cache, size_t block, size_t c, size_t first, size_t positions) {
  const size_t bytes = element_bytes(cache), step = cache->width * bytes;
  const char *values = (const char *)rk_cache_values(cache, block) + c * bytes;
  return (rk_coming){values + first * step, step, first < positions ? positions - first : 0};
}

/// What a pass over the keys of vectors v ..< next asks for, where `most` positions of the block are seen.
///
/// A tile's codes of an element share a line, so that its first pass brings what the others read. That one asks for the
/// next tile, or else for the first K values; the second for values: the first K, or those behind them.
static inline rk_coming after_scores(const rk_cache *cache, size_t block, size_t v, size_t next, size_t most) {
  const size_t k = cache->width, position = v * RK_WIDTH, count = (next - v) * RK_WIDTH;
  if (cache->element != rk_element_q8 || count >= rk_cache_tile)
    return next * RK_WIDTH < most ? keys_from(cache, block, next) : values_from(cache, block, 0, 0, most);
  const size_t tile = (position / rk_cache_tile + 1) * rk_cache_tile, pass = position % rk_cache_tile / count;
  if (pass == 0 && tile < most) return keys_from(cache, block, tile / RK_WIDTH);
  return values_from(cache, block, 0, pass == 0 || tile < most ? 0 : k, pass < 2 ? most : 0);
}

/// What comes after the values of the columns before `c`, of which queries see `positions`.
static inline rk_coming after_values(const rk_cache *cache, size_t block, size_t c, size_t positions, rk_coming then) {
  const int is_here = cache->element == rk_element_q8 && c % rk_cache_tile != 0;
  return c + RK_WIDTH <= cache->width && !is_here ? values_from(cache, block, c, 0, positions) : then;
}

#define RK_SCORE_VECTORS(SCORES, ROWS)                                         \
  if (taken == columns) SCORES(keys, k, q + i, ROWS, v, columns, coming, out); \
  else SCORES(keys, k, q + i, ROWS, v, 1, coming, out);                        \
  break;

/// Scores of queries i ..< i + ROWS, then i += ROWS.
#define RK_SCORE_ROWS(ROWS)                                                                   \
  {                                                                                           \
    enum { columns = ROWS * 4 <= RK_ACCUMULATORS ? 4 : ROWS * 2 <= RK_ACCUMULATORS ? 2 : 1 }; \
    size_t most = 0;                                                                          \
    for (size_t j = i; j < i + ROWS; j++) most = counts[j] > most ? counts[j] : most;         \
    const size_t vectors = (most + RK_WIDTH - 1) / RK_WIDTH;                                  \
    float *out = scores + i * rk_cache_block;                                                 \
    for (size_t v = 0, taken; v < vectors; v += taken) {                                      \
      taken = v + columns <= vectors ? columns : 1;                                           \
      const rk_coming coming = after_scores(cache, block, v, v + taken, most);                \
      switch (cache->element) {                                                               \
        case rk_element_f32: RK_SCORE_VECTORS(scores_f32, ROWS)                               \
        case rk_element_f16: RK_SCORE_VECTORS(scores_f16, ROWS)                               \
        case rk_element_q8: RK_SCORE_VECTORS(scores_q8, ROWS)                                 \
      }                                                                                       \
    }                                                                                         \
    i += ROWS;                                                                                \
  }

static void score_block(const rk_cache *cache, size_t block, const float *const *q, const size_t *counts,
                        size_t n, float *scores) {
  const size_t k = cache->width;
  const void *keys = rk_cache_keys(cache, block);
  for (size_t i = 0; i < n;) {
    switch (n - i) {
      case 1: RK_SCORE_ROWS(1) break;
      case 2: RK_SCORE_ROWS(2) break;
      case 3: RK_SCORE_ROWS(3) break;
      case 4: case 5: RK_SCORE_ROWS(4) break;
      default:
        if (n - i < RK_SCORE_PASS) RK_SCORE_ROWS(6) else RK_SCORE_ROWS(RK_SCORE_PASS)
    }
  }
}

#define RK_VALUE_VECTORS(VALUES, ROWS)                                                                      \
  if (taken == 4) VALUES(values, k, weights, counts + i, ROWS, 4, keep + i, take + i, coming, sums + i, c); \
  else VALUES(values, k, weights, counts + i, ROWS, 1, keep + i, take + i, coming, sums + i, c);            \
  break;

/// Weighted sums of values of queries i ..< i + ROWS, then i += ROWS.
#define RK_VALUE_ROWS(ROWS)                                                                       \
  {                                                                                               \
    const float *weights = scores + i * rk_cache_block;                                           \
    for (size_t c = 0, taken; c + RK_WIDTH <= k; c += taken * RK_WIDTH) {                         \
      taken = c + 4 * RK_WIDTH <= k ? 4 : 1;                                                      \
      const rk_coming coming = after_values(cache, block, c + taken * RK_WIDTH, counts[i], then); \
      switch (cache->element) {                                                                   \
        case rk_element_f32: RK_VALUE_VECTORS(values_f32, ROWS)                                   \
        case rk_element_f16: RK_VALUE_VECTORS(values_f16, ROWS)                                   \
        case rk_element_q8: RK_VALUE_VECTORS(values_q8, ROWS)                                     \
      }                                                                                           \
    }                                                                                             \
    i += ROWS;                                                                                    \
  }

/// Element `index` of a cache; of q8, its code.
static inline float element_at(const rk_cache *cache, const void *elements, size_t index) {
  switch (cache->element) {
    case rk_element_f32: return ((const float *)elements)[index];
    case rk_element_f16: return rk_half_to_float(((const uint16_t *)elements)[index]);
    default: return ((const int8_t *)elements)[index];
  }
}

static void value_block(const rk_cache *cache, size_t block, const float *scores, const size_t *counts,
                        size_t n, const float *keep, const float *take, rk_coming then,
                        float *const *sums) {
  const size_t k = cache->width;
  const void *values = rk_cache_values(cache, block);
  for (size_t i = 0; i < n;) {
    switch (n - i) {
      case 1: RK_VALUE_ROWS(1) break;
      case 2: RK_VALUE_ROWS(2) break;
      case 3: case 4: case 5: RK_VALUE_ROWS(3) break;
      default: RK_VALUE_ROWS(RK_VALUE_PASS)
    }
  }
  for (size_t c = k / RK_WIDTH * RK_WIDTH; c < k; c++)
    for (size_t i = 0; i < n; i++) {
      float part = 0;
      for (size_t s = 0; s < counts[i]; s++)
        part = __builtin_fmaf(scores[i * rk_cache_block + s], element_at(cache, values, s * k + c), part);
      sums[i][c] = __builtin_fmaf(part, take[i], sums[i][c] * keep[i]);
    }
}

/// Folds a block of the cache into the states of n <= 24 queries; counts[i] of its positions belong to query
/// i. Without any, the query's state has to hold a block already, and stays. `then` is what is read afterwards.
static void fold_block(const rk_cache *cache, float scale, size_t block, const float *const *q,
                       const size_t *counts, size_t n, rk_coming then, rk_folds *states, float *const *sums) {
  float scores[rk_fold_queries * rk_cache_block], keep[rk_fold_lanes], take[rk_fold_lanes];
  // Lanes without a query have a state, so that they compute something finite.
  float largest[rk_fold_lanes] = {0}, total[rk_fold_lanes] = {0};
  const float *value_scales = NULL;
  if (cache->element == rk_element_q8) {
    value_scales = rk_cache_scales(rk_cache_values(cache, block), cache->width);
    const float *key_scales = rk_cache_scales(rk_cache_keys(cache, block), cache->width);
    expect((rk_coming){(const char *)key_scales, 0, 1}, 0, rk_cache_block * sizeof(float));
    expect((rk_coming){(const char *)value_scales, 0, 1}, 0, rk_cache_block * sizeof(float));
  }
  score_block(cache, block, q, counts, n, scores);
  for (size_t i = 0; i < n; i++)
    total[i] = weigh(scores + i * rk_cache_block, counts[i], scale, value_scales, &largest[i]);
  for (size_t i = 0; i < n; i += RK_WIDTH) {
    rk_vf kept, taken;
    join(states->largest + i, states->total + i, vload(largest + i), vload(total + i), &kept, &taken);
    vstore(keep + i, kept);
    vstore(take + i, taken);
  }
  value_block(cache, block, scores, counts, n, keep, take, then, sums);
}

/// Positions of a block that a query sees whose own position is number `count`, from 1 on.
static inline size_t visible(size_t count, size_t block) {
  const size_t start = block * rk_cache_block;
  return count <= start ? 0 : count - start < rk_cache_block ? count - start : rk_cache_block;
}

static void scale_vector(float *x, size_t n, float factor) {
  size_t i = 0;
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) vstore(x + i, vload(x + i) * factor);
  for (; i < n; i++) x[i] *= factor;
}

static inline rk_folds no_folds(void) {
  rk_folds states;
  for (size_t i = 0; i < rk_fold_lanes; i++) {
    states.largest[i] = -INFINITY;
    states.total[i] = 0;
  }
  return states;
}

/// The first reads of a block's keys at `keys`, which may be NULL.
static inline rk_coming first_keys(const rk_cache *cache, const void *keys) {
  return (rk_coming){keys, rk_cache_tile * element_bytes(cache), keys ? cache->width : 0};
}

static void attend(const rk_cache *cache, const rk_queries *queries, size_t first, size_t last, const void *next,
                   float *out) {
  const size_t k = cache->width, end = last * queries->heads;
  for (size_t start = first * queries->heads; start < end; start += rk_fold_queries) {
    const size_t n = end - start < rk_fold_queries ? end - start : rk_fold_queries;
    const float *q[rk_fold_queries];
    float *sums[rk_fold_queries];
    size_t totals[rk_fold_queries], counts[rk_fold_queries];
    rk_folds states = no_folds();
    for (size_t i = 0; i < n; i++) {
      const size_t row = (start + i) / queries->heads;
      const size_t offset = row * queries->stride + (start + i) % queries->heads * k;
      q[i] = queries->rows + offset;
      sums[i] = out + offset;
      memset(sums[i], 0, k * sizeof(float));
      totals[i] = queries->position + row + 1;
    }
    for (size_t block = 0; block * rk_cache_block < totals[n - 1]; block++) {
      for (size_t i = 0; i < n; i++) counts[i] = visible(totals[i], block);
      const int is_last = (block + 1) * rk_cache_block >= totals[n - 1];
      const rk_coming then =
          first_keys(cache, !is_last ? rk_cache_keys(cache, block + 1) : start + n < end ? NULL : next);
      fold_block(cache, queries->scale, block, q, counts, n, then, &states, sums);
    }
    for (size_t i = 0; i < n; i++) scale_vector(sums[i], k, 1.0f / states.total[i]);
  }
}

static void attend_part(const rk_cache *cache, const rk_queries *queries, size_t rows, size_t block,
                        const void *next, float *parts) {
  const size_t k = cache->width, end = rows * queries->heads;
  // The first rows may see nothing of the block.
  size_t unseen = 0;
  while (unseen < end && visible(queries->position + unseen / queries->heads + 1, block) == 0) unseen++;
  for (size_t i = 0; i < unseen; i++) {
    float *part = parts + i * (k + 2);
    memset(part, 0, (k + 2) * sizeof(float));
    part[0] = -INFINITY;
  }
  for (size_t start = unseen; start < end; start += rk_fold_queries) {
    const size_t n = end - start < rk_fold_queries ? end - start : rk_fold_queries;
    const float *q[rk_fold_queries];
    float *sums[rk_fold_queries];
    size_t counts[rk_fold_queries];
    rk_folds states = no_folds();
    for (size_t i = 0; i < n; i++) {
      const size_t row = (start + i) / queries->heads;
      q[i] = queries->rows + row * queries->stride + (start + i) % queries->heads * k;
      sums[i] = parts + (start + i) * (k + 2) + 2;
      memset(sums[i], 0, k * sizeof(float));
      counts[i] = visible(queries->position + row + 1, block);
    }
    const rk_coming then = first_keys(cache, start + n < end ? NULL : next);
    fold_block(cache, queries->scale, block, q, counts, n, then, &states, sums);
    for (size_t i = 0; i < n; i++) {
      sums[i][-2] = states.largest[i];
      sums[i][-1] = states.total[i];
    }
  }
}

static void attend_join(const float *parts, size_t stride, size_t blocks, size_t k, float *out) {
  rk_folds state = no_folds();
  memset(out, 0, k * sizeof(float));
  for (size_t block = 0; block < blocks; block++) {
    const float *part = parts + block * stride;
    rk_vf keep, take;
    join(state.largest, state.total, vsplat(part[0]), vsplat(part[1]), &keep, &take);
    size_t c = 0;
    for (; c + RK_WIDTH <= k; c += RK_WIDTH)
      vstore(out + c, blend(vload(out + c), keep[0], vload(part + 2 + c), take[0]));
    for (; c < k; c++) out[c] = __builtin_fmaf(part[2 + c], take[0], out[c] * keep[0]);
  }
  scale_vector(out, k, 1.0f / state.total[0]);
}

/// Codes of the elements of a key or value f32 [K], `step` apart; returns their scale. Each operation rounds, so that
/// the bits are those of the scalar code.
RK_BLOCK float quantize_elements(const float *x, size_t k, int8_t *codes, size_t step) {
#pragma clang fp contract(off)
  rk_vf top = vsplat(0), poison = top;
  size_t c = 0;
  for (; c + RK_WIDTH <= k; c += RK_WIDTH) {
    const rk_vf v = vload(x + c);
    top = vmax(__builtin_elementwise_abs(v), top);
    poison += v * 0.0f;
  }
  float largest = vlargest(top), rest = vsum(poison);
  for (; c < k; c++) {
    largest = __builtin_fabsf(x[c]) > largest ? __builtin_fabsf(x[c]) : largest;
    rest += x[c] * 0.0f;
  }
  // Zero times a NaN or an infinity is a NaN.
  if (rest != 0) {
    for (c = 0; c < k; c++) codes[c * step] = 0;
    return NAN;
  }
  // The reciprocal of a subnormal overflows; such elements are as good as zero.
  const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
  const float factor = __builtin_isfinite(inverse) ? inverse : 0.0f;
  for (c = 0; c + RK_WIDTH <= k; c += RK_WIDTH) {
    // Adding 1.5 * 2^23 rounds to an integer, which then sits in the low mantissa bits.
    const rk_vf shifted = vload(x + c) * factor + 12582912.0f;
    rk_vi code;
    memcpy(&code, &shifted, sizeof code);
    const rk_vc narrow = __builtin_convertvector(code - 0x4B400000, rk_vc);
    int8_t lanes[RK_WIDTH];
    memcpy(lanes, &narrow, sizeof lanes);
    for (size_t i = 0; i < RK_WIDTH; i++) codes[(c + i) * step] = lanes[i];
  }
  for (; c < k; c++) codes[c * step] = (int8_t)__builtin_rintf(x[c] * factor);
  return largest / 127.0f;
}

static void store(const rk_cache *cache, size_t position, const float *key, const float *value) {
  const size_t k = cache->width, at = position % rk_cache_block, block = position / rk_cache_block;
  const size_t tile = at / rk_cache_tile * rk_cache_tile * k + at % rk_cache_tile;
  void *keys = rk_cache_keys(cache, block), *values = rk_cache_values(cache, block);
  switch (cache->element) {
    case rk_element_f32: {
      float *tiled = (float *)keys + tile;
      for (size_t c = 0; c < k; c++) tiled[c * rk_cache_tile] = key[c];
      memcpy((float *)values + at * k, value, k * sizeof(float));
      break;
    }
    case rk_element_f16: {
      uint16_t *tiled = (uint16_t *)keys + tile, *rows = (uint16_t *)values + at * k;
      size_t c = 0;
      for (; c + RK_WIDTH <= k; c += RK_WIDTH) {
        uint16_t lanes[RK_WIDTH];
        vstore_f16(lanes, vload(key + c));
        vstore_f16(rows + c, vload(value + c));
        for (size_t i = 0; i < RK_WIDTH; i++) tiled[(c + i) * rk_cache_tile] = lanes[i];
      }
      for (; c < k; c++) {
        tiled[c * rk_cache_tile] = rk_half_from_float(key[c]);
        rows[c] = rk_half_from_float(value[c]);
      }
      break;
    }
    case rk_element_q8:
      rk_cache_scales(keys, k)[at] = quantize_elements(key, k, (int8_t *)keys + tile, rk_cache_tile);
      rk_cache_scales(values, k)[at] = quantize_elements(value, k, (int8_t *)values + at * k, 1);
  }
}
