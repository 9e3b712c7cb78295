// The reference: every kernel in plain C, written to be read. The other files are tested against it.

#include <math.h>

#include "internal.h"

// Each operation rounds, so that the reference gives the same bits on every processor.
#pragma clang fp contract(off)

/// Codes of n elements, each x = scale * code but for rounding, `step` apart; returns the scale, which is NaN where
/// an element is not finite.
static float quantize_elements(const float *x, size_t n, int8_t *codes, size_t step) {
  float largest = 0;
  int finite = 1;
  for (size_t i = 0; i < n; i++) {
    largest = fmaxf(largest, fabsf(x[i]));
    finite &= isfinite(x[i]) != 0;
  }
  // The reciprocal of a subnormal overflows; such elements are as good as zero.
  const float inverse = largest > 0 ? 127.0f / largest : 0.0f, factor = isfinite(inverse) ? inverse : 0.0f;
  for (size_t i = 0; i < n; i++) codes[i * step] = finite ? (int8_t)rintf(x[i] * factor) : 0;
  return finite ? largest / 127.0f : NAN;
}

static void quantize(const float *x, size_t m, size_t k, int8_t *codes, float *scales, float *sums) {
  for (size_t g = 0; g < m * k / rk_group; g++) {
    scales[g] = quantize_elements(x + g * rk_group, rk_group, codes + g * rk_group, 1);
    int sum = 0;
    for (size_t i = 0; i < rk_group; i++) sum += codes[g * rk_group + i];
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

static rk_softmax softmax(const float *x, size_t n) {
  rk_softmax found = {.largest = -INFINITY, .second = -INFINITY, .smallest = INFINITY};
  for (size_t i = 0; i < n; i++) {
    if (x[i] > found.largest) {
      found.second = found.largest;
      found.largest = x[i];
    } else if (x[i] > found.second) {
      found.second = x[i];
    }
    found.smallest = fminf(found.smallest, x[i]);
  }
  if (n == 1) found.second = found.largest;
  for (size_t i = 0; i < n; i++) {
    const double difference = (double)x[i] - found.largest;
    found.partition += exp(difference);
    found.weighted += difference * exp(difference);
  }
  return found;
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

/// An element of a cache; of q8, its code.
static float cache_element(const rk_cache *cache, const void *elements, size_t index) {
  switch (cache->element) {
    case rk_element_f32: return ((const float *)elements)[index];
    case rk_element_f16: return rk_half_to_float(((const uint16_t *)elements)[index]);
    default: return ((const int8_t *)elements)[index];
  }
}

/// What the elements of a position are multiples of.
static float cache_scale(const rk_cache *cache, const void *elements, size_t position) {
  return cache->element == rk_element_q8 ? rk_cache_scales(elements, cache->width)[position % rk_cache_block] : 1;
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
  const size_t k = cache->width, block = position / rk_cache_block, at = position % rk_cache_block;
  const size_t first_key = key_index(cache, position, 0), first_value = value_index(cache, position, 0);
  void *keys = rk_cache_keys(cache, block), *values = rk_cache_values(cache, block);
  switch (cache->element) {
    case rk_element_f32:
      for (size_t c = 0; c < k; c++) {
        ((float *)keys)[first_key + c * rk_cache_tile] = key[c];
        ((float *)values)[first_value + c] = value[c];
      }
      break;
    case rk_element_f16:
      for (size_t c = 0; c < k; c++) {
        ((uint16_t *)keys)[first_key + c * rk_cache_tile] = rk_half_from_float(key[c]);
        ((uint16_t *)values)[first_value + c] = rk_half_from_float(value[c]);
      }
      break;
    case rk_element_q8:
      rk_cache_scales(keys, k)[at] = quantize_elements(key, k, (int8_t *)keys + first_key, rk_cache_tile);
      rk_cache_scales(values, k)[at] = quantize_elements(value, k, (int8_t *)values + first_value, 1);
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
    weights[s - first] = dot * cache_scale(cache, keys, s) * scale;
    largest = fmaxf(largest, weights[s - first]);
  }
  for (size_t s = first; s < last; s++) {
    weights[s - first] = expf(weights[s - first] - largest);
    total += weights[s - first];
    weights[s - first] *= cache_scale(cache, values, s);
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

#include "row_dot.h"
#include "leading_rows.h"
#include "kernel_table.h"

RK_KERNEL_TABLE(scalar)
