// The reference: every kernel in plain C, written to be read. The other files are tested against it.

#include <math.h>

#include "internal.h"

// Each operation rounds, so that the reference gives the same bits on every processor.
#pragma clang fp contract(off)

static void quantize(const float *x, size_t m, size_t k, int8_t *codes, float *scales, float *sums) {
  for (size_t g = 0; g < m * k / rk_group; g++) {
    const float *in = x + g * rk_group;
    float largest = 0;
    int finite = 1;
    for (size_t i = 0; i < rk_group; i++) {
      largest = fmaxf(largest, fabsf(in[i]));
      finite &= isfinite(in[i]) != 0;
    }
    if (!finite) {
      memset(codes + g * rk_group, 0, rk_group);
      scales[g] = NAN;
      sums[g] = 0;
      continue;
    }
    // The reciprocal of a subnormal overflows; such a group is as good as zero.
    const float inverse = largest > 0 ? 127.0f / largest : 0.0f, factor = isfinite(inverse) ? inverse : 0.0f;
    int sum = 0;
    for (size_t i = 0; i < rk_group; i++) {
      const int code = (int)rintf(in[i] * factor);
      codes[g * rk_group + i] = (int8_t)code;
      sum += code;
    }
    scales[g] = largest / 127.0f;
    sums[g] = (float)sum;
  }
}

#define RK_SCALAR
#include "encodings.h"

#define RK_SCALAR_MATMUL(ENCODING)                                                                    \
  static void matmul_##ENCODING(const uint8_t *tiles, size_t first, size_t last, size_t n, size_t k,  \
                                rk_activations x, size_t m, float *y, size_t stride) {                \
    const size_t groups = k / rk_group;                                                               \
    for (size_t row = first * rk_tile_rows; row < last * rk_tile_rows && row < n; row++)              \
      for (size_t i = 0; i < m; i++) {                                                                \
        const uint8_t *tile = tiles + row / rk_tile_rows * groups * rk_##ENCODING##_tile_bytes;       \
        float total = 0;                                                                              \
        for (size_t g = 0; g < groups; g++, tile += rk_##ENCODING##_tile_bytes)                       \
          total += group_product_##ENCODING(tile, row % rk_tile_rows, x.codes + i * k + g * rk_group, \
                                            x.scales[i * groups + g], x.sums[i * groups + g]);        \
        y[i * stride + row] = total;                                                                  \
      }                                                                                               \
  }

RK_ENCODINGS(RK_SCALAR_MATMUL)

static void matmul_f32(const float *w, size_t first, size_t last, size_t k, const float *x, size_t m, float *y,
                       size_t stride) {
  for (size_t row = first; row < last; row++)
    for (size_t i = 0; i < m; i++) {
      float total = 0;
      for (size_t c = 0; c < k; c++) total += w[row * k + c] * x[i * k + c];
      y[i * stride + row] = total;
    }
}

static void matmul_bf16(const uint16_t *w, size_t first, size_t last, size_t k, const float *x, size_t m,
                        float *y, size_t stride) {
  for (size_t row = first; row < last; row++)
    for (size_t i = 0; i < m; i++) {
      float total = 0;
      for (size_t c = 0; c < k; c++) {
        const uint32_t bits = (uint32_t)w[row * k + c] << 16;
        float value;
        memcpy(&value, &bits, sizeof value);
        total += value * x[i * k + c];
      }
      y[i * stride + row] = total;
    }
}

static void rms_norm(const float *x, const float *w, size_t n, float epsilon, float *y) {
  float squares = 0;
  for (size_t i = 0; i < n; i++) squares += x[i] * x[i];
  const float inverse = 1.0f / sqrtf(squares / (float)n + epsilon);
  for (size_t i = 0; i < n; i++) y[i] = x[i] * inverse * w[i];
}

static void add(float *x, const float *y, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] += y[i];
}

static void silu_multiply(float *gate, const float *up, size_t n) {
  for (size_t i = 0; i < n; i++) gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

static void rotate(float *head, const float *cosines, const float *sines, size_t k) {
  const size_t half = k / 2;
  for (size_t i = 0; i < half; i++) {
    const float a = head[i], b = head[i + half];
    head[i] = a * cosines[i] - b * sines[i];
    head[i + half] = b * cosines[i] + a * sines[i];
  }
}

static void rms_norm_quantize(const float *x, const float *w, size_t n, float epsilon, int8_t *codes,
                              float *scales, float *sums) {
  float squares = 0, group[rk_group];
  for (size_t i = 0; i < n; i++) squares += x[i] * x[i];
  const float inverse = 1.0f / sqrtf(squares / (float)n + epsilon);
  for (size_t g = 0; g < n; g += rk_group) {
    for (size_t i = 0; i < rk_group; i++) group[i] = x[g + i] * inverse * w[g + i];
    quantize(group, 1, rk_group, codes + g, scales + g / rk_group, sums + g / rk_group);
  }
}

static void silu_multiply_quantize(const float *gate, const float *up, size_t n, int8_t *codes, float *scales,
                                   float *sums) {
  float group[rk_group];
  for (size_t g = 0; g < n; g += rk_group) {
    memcpy(group, gate + g, sizeof group);
    silu_multiply(group, up + g, rk_group);
    quantize(group, 1, rk_group, codes + g, scales + g / rk_group, sums + g / rk_group);
  }
}

static float cache_element(const rk_cache *cache, const void *elements, size_t index) {
  return cache->element == rk_element_f16 ? rk_half_to_float(((const uint16_t *)elements)[index])
                                          : ((const float *)elements)[index];
}

static void cache_put(const rk_cache *cache, void *elements, size_t index, float value) {
  if (cache->element == rk_element_f16) ((uint16_t *)elements)[index] = rk_half_from_float(value);
  else ((float *)elements)[index] = value;
}

/// Where an element of a position's key lies among the keys of its block.
static size_t key_index(const rk_cache *cache, size_t position, size_t c) {
  const size_t at = position % rk_cache_block;
  return (at / rk_cache_tile * cache->width + c) * rk_cache_tile + at % rk_cache_tile;
}

/// Where an element of a position's value lies among the values of its block.
static size_t value_index(const rk_cache *cache, size_t position, size_t c) {
  return position % rk_cache_block * cache->width + c;
}

static void store(const rk_cache *cache, size_t position, const float *key, const float *value) {
  const size_t block = position / rk_cache_block;
  for (size_t c = 0; c < cache->width; c++) {
    cache_put(cache, rk_cache_keys(cache, block), key_index(cache, position, c), key[c]);
    cache_put(cache, rk_cache_values(cache, block), value_index(cache, position, c), value[c]);
  }
}

/// A query's output so far: sums [K] of values, weighted relative to the largest score.
typedef struct fold {
  float largest, total;
} fold;

/// Factors for what a query holds and for what comes.
static void join(fold *state, float largest, float total, float *keep, float *take) {
  const float most = fmaxf(state->largest, largest);
  *keep = expf(state->largest - most);
  *take = expf(largest - most);
  state->largest = most;
  state->total = state->total * *keep + total * *take;
}

/// Folds positions first ..< last, a block at most, into a query's state.
static void fold_block(const rk_cache *cache, const float *q, float scale, size_t first, size_t last,
                       fold *state, float *sums) {
  const size_t k = cache->width, block = first / rk_cache_block;
  const void *keys = rk_cache_keys(cache, block), *values = rk_cache_values(cache, block);
  float weights[rk_cache_block], largest = -INFINITY, total = 0, keep, take;
  for (size_t s = first; s < last; s++) {
    float dot = 0;
    for (size_t c = 0; c < k; c++) dot += q[c] * cache_element(cache, keys, key_index(cache, s, c));
    weights[s - first] = dot * scale;
    largest = fmaxf(largest, weights[s - first]);
  }
  for (size_t s = first; s < last; s++) {
    weights[s - first] = expf(weights[s - first] - largest);
    total += weights[s - first];
  }
  join(state, largest, total, &keep, &take);
  for (size_t c = 0; c < k; c++) {
    float part = 0;
    for (size_t s = first; s < last; s++)
      part += weights[s - first] * cache_element(cache, values, value_index(cache, s, c));
    sums[c] = sums[c] * keep + part * take;
  }
}

static void attend(const rk_cache *cache, const rk_queries *queries, size_t first, size_t last, const void *next,
                   float *out) {
  (void)next;
  const size_t k = cache->width;
  for (size_t row = first; row < last; row++)
    for (size_t head = 0; head < queries->heads; head++) {
      const size_t offset = row * queries->stride + head * k, count = queries->position + row + 1;
      fold state = {-INFINITY, 0};
      for (size_t c = 0; c < k; c++) out[offset + c] = 0;
      for (size_t s = 0; s < count; s += rk_cache_block) {
        const size_t end = count - s < rk_cache_block ? count : s + rk_cache_block;
        fold_block(cache, queries->rows + offset, queries->scale, s, end, &state, out + offset);
      }
      for (size_t c = 0; c < k; c++) out[offset + c] *= 1.0f / state.total;
    }
}

static void attend_part(const rk_cache *cache, const rk_queries *queries, size_t rows, size_t block,
                        const void *next, float *parts) {
  (void)next;
  const size_t k = cache->width, start = block * rk_cache_block;
  for (size_t i = 0; i < rows * queries->heads; i++) {
    const size_t row = i / queries->heads, head = i % queries->heads, count = queries->position + row + 1;
    const size_t end = count < start + rk_cache_block ? count : start + rk_cache_block;
    float *part = parts + i * (k + 2);
    fold state = {-INFINITY, 0};
    for (size_t c = 0; c < k; c++) part[2 + c] = 0;
    if (end > start)
      fold_block(cache, queries->rows + row * queries->stride + head * k, queries->scale, start, end, &state,
                 part + 2);
    part[0] = state.largest;
    part[1] = state.total;
  }
}

static void attend_join(const float *parts, size_t stride, size_t blocks, size_t k, float *out) {
  fold state = {-INFINITY, 0};
  for (size_t c = 0; c < k; c++) out[c] = 0;
  for (size_t block = 0; block < blocks; block++) {
    const float *part = parts + block * stride;
    float keep, take;
    join(&state, part[0], part[1], &keep, &take);
    for (size_t c = 0; c < k; c++) out[c] = out[c] * keep + part[2 + c] * take;
  }
  for (size_t c = 0; c < k; c++) out[c] *= 1.0f / state.total;
}

#include "kernel_table.h"

RK_KERNEL_TABLE(scalar)
