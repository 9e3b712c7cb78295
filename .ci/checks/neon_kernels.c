// Compares the kernels of an instruction set with the scalar reference; prints a line per kernel, and exits
// with 1 where one differs. Built and run by `.ci/checks/neon`, on an emulator if need be.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router_kernels.h"

static uint64_t seed = 1;

static uint32_t next_u32(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33);
}

static float uniform(float amplitude) { return amplitude * ((float)(next_u32() % 20001) - 10000) / 10000; }

static float *floats(size_t n, float amplitude) {
  float *x = malloc((n + 1) * sizeof *x);
  for (size_t i = 0; i < n; i++) x[i] = uniform(amplitude);
  return x;
}

static int failures = 0;

static void report(const char *kernel, double worst, double bound) {
  const int good = worst <= bound;
  printf("%-24s %s (largest error %.3g, allowed %.3g)\n", kernel, good ? "agrees" : "DIFFERS", worst, bound);
  failures += !good;
}

/// The largest error relative to the largest magnitude; infinite where only one of two is a number.
static double distance(const float *found, const float *expected, size_t n) {
  double worst = 0, scale = 1e-30;
  for (size_t i = 0; i < n; i++) scale = fmax(scale, fabs((double)expected[i]));
  for (size_t i = 0; i < n; i++) {
    if (isnan(found[i]) != isnan(expected[i])) return INFINITY;
    if (!isnan(found[i])) worst = fmax(worst, fabs((double)found[i] - expected[i]));
  }
  return worst / scale;
}

/// Two sets of codes of n activations, the second from a fused kernel.
typedef struct codes {
  int8_t codes[2][576];
  float scales[2][18], sums[2][18];
} codes;

static int codes_differ(const codes *c) {
  return memcmp(c->codes[0], c->codes[1], sizeof c->codes[0]) ||
         memcmp(c->scales[0], c->scales[1], sizeof c->scales[0]) ||
         memcmp(c->sums[0], c->sums[1], sizeof c->sums[0]);
}

static void check_rows(const rk_kernels *fast, const rk_kernels *reference) {
  enum { n = 24, k = 576 };
  int8_t *w = malloc(n * k), x[k];
  float *scales = floats(n * k / 32, 1), *factors = floats(k / 32, 1), sums[k / 32] = {0}, found[n], expected[n];
  for (size_t i = 0; i < n * k; i++) w[i] = (int8_t)(next_u32() % 256);
  for (size_t i = 0; i < k; i++) x[i] = (int8_t)((int)(next_u32() % 255) - 127);
  uint32_t rows[n];
  for (uint32_t i = 0; i < n; i++) rows[i] = n - 1 - i;
  const rk_activations activations = {x, factors, sums};
  fast->dot_rows(w, scales, rows, n, k, activations, found);
  reference->dot_rows(w, scales, rows, n, k, activations, expected);
  report("dot_rows", distance(found, expected, n), 1e-5);
  float *logits = floats(1001, 12);
  const rk_softmax a = fast->softmax(logits, 1001), b = reference->softmax(logits, 1001);
  const int same = a.largest == b.largest && a.second == b.second && a.smallest == b.smallest;
  report("softmax", same ? fmax(fabs(a.partition / b.partition - 1), fabs(a.weighted / b.weighted - 1)) : INFINITY, 1e-5);
  float *sums_a = floats(1001, 3), *sums_b = malloc(1001 * sizeof *sums_b), tops_a[63], tops_b[63];
  memcpy(sums_b, sums_a, 1001 * sizeof *sums_b);
  fast->add_tops(sums_a, logits, 1001, tops_a);
  reference->add_tops(sums_b, logits, 1001, tops_b);
  report("add_tops", memcmp(sums_a, sums_b, 1001 * sizeof *sums_a) || memcmp(tops_a, tops_b, sizeof tops_a), 0);
  uint32_t leading[2][1001];
  const size_t count = fast->leading_rows(sums_a, 1001, tops_a, 20, leading[0]);
  const size_t others = reference->leading_rows(sums_b, 1001, tops_b, 20, leading[1]);
  report("leading_rows", count != others || count < 20 || memcmp(leading[0], leading[1], count * sizeof **leading), 0);
  free(w);
  free(scales);
  free(factors);
  free(logits);
  free(sums_a);
  free(sums_b);
}

static void check_quantize(const rk_kernels *fast, const rk_kernels *reference) {
  enum { n = 32 * 64 };
  float *x = floats(n, 3);
  x[40] = NAN;
  x[70] = INFINITY;
  for (int i = 96; i < 128; i++) x[i] = 0;
  x[130] = 3e38f;
  int8_t a[n], b[n];
  float scales[2][n / 32], sums[2][n / 32];
  fast->quantize(x, 2, n / 2, a, scales[0], sums[0]);
  reference->quantize(x, 2, n / 2, b, scales[1], sums[1]);
  report("quantize", memcmp(a, b, n) != 0, 0);
  report("quantize: scales", distance(scales[0], scales[1], n / 32), 0);
  report("quantize: sums", distance(sums[0], sums[1], n / 32), 0);
  free(x);
}

#define RK_NAME(ENCODING) #ENCODING,

static void check_tiles(const rk_kernels *fast, const rk_kernels *reference, rk_encoding encoding) {
  static const char *const names[rk_encoding_count] = {RK_ENCODINGS(RK_NAME)};
  const rk_tile_matmul product = fast->matmul_tiles[encoding], plain = reference->matmul_tiles[encoding];
  double worst = 0;
  int differs = 0;
  for (size_t k = 32; k <= 1120; k += 544)
    for (size_t n = 1; n <= 33; n += 4) {
      const size_t m = 19, stride = n + 1, blocks = (n + 15) / 16, bytes = rk_tiles_bytes(encoding, n, k);
      uint8_t *tiles = (uint8_t *)calloc(bytes + 1, 1) + 1;  // unaligned
      // Codes of at most a byte, and as many companions as any encoding has.
      uint8_t *stored = malloc(n * k);
      for (size_t i = 0; i < n * k; i++) stored[i] = (uint8_t)next_u32();
      uint16_t *halves = malloc(2 * n * k / 32 * sizeof *halves);
      for (size_t i = 0; i < 2 * n * k / 32; i++) halves[i] = (uint16_t)(0x2000 + next_u32() % 0x0C00);
      const void *const companions[] = {halves, halves + n * k / 32};
      rk_format(encoding)->pack(stored, companions, 0, n, n, k, tiles);
      free(stored), free(halves);
      float *x = floats(m * k, 2), *scales = floats(m * k / 32, 1), *sums = floats(m * k / 32, 1);
      int8_t *codes = malloc(m * k);
      reference->quantize(x, m, k, codes, scales, sums);
      const rk_activations a = {codes, scales, sums};
      float *found = floats(m * stride, 1), *alone = floats(m * stride, 1), *expected = floats(m * stride, 1);
      memcpy(alone, found, m * stride * sizeof(float));
      memcpy(expected, found, m * stride * sizeof(float));
      product(tiles, 0, blocks, n, k, a, m, found, stride);
      plain(tiles, 0, blocks, n, k, a, m, expected, stride);
      for (size_t i = 0; i < m; i++) {
        const rk_activations row = {codes + i * k, scales + i * (k / 32), sums + i * (k / 32)};
        product(tiles, 0, blocks, n, k, row, 1, alone + i * stride, stride);
      }
      worst = fmax(worst, distance(found, expected, m * stride));
      differs |= memcmp(found, alone, m * stride * sizeof(float)) != 0;
      free(tiles - 1), free(x), free(scales), free(sums), free(codes), free(found), free(alone), free(expected);
    }
  char line[64];
  snprintf(line, sizeof line, "matmul %s", names[encoding]);
  report(line, worst, 1e-5);
  snprintf(line, sizeof line, "matmul %s: row alone", names[encoding]);
  report(line, differs, 0);
}

static void check_wide(const rk_kernels *fast, const rk_kernels *reference) {
  double worst[2] = {0, 0};
  for (size_t k = 1; k <= 70; k += 3) {
    enum { n = 5, m = 13 };
    float *w = floats(n * k, 1), *x = floats(m * k, 1), found[m * n], expected[m * n];
    uint16_t *narrow = malloc(n * k * 2);
    for (size_t i = 0; i < n * k; i++) narrow[i] = (uint16_t)(0x3C00 + next_u32() % 0x0500);
    fast->matmul_f32(w, 0, n, k, x, m, found, n);
    reference->matmul_f32(w, 0, n, k, x, m, expected, n);
    worst[0] = fmax(worst[0], distance(found, expected, m * n));
    fast->matmul_bf16(narrow, 0, n, k, x, m, found, n);
    reference->matmul_bf16(narrow, 0, n, k, x, m, expected, n);
    worst[1] = fmax(worst[1], distance(found, expected, m * n));
    free(w), free(x), free(narrow);
  }
  report("matmul_f32", worst[0], 1e-5);
  report("matmul_bf16", worst[1], 1e-5);
}

static void check_vectors(const rk_kernels *fast, const rk_kernels *reference) {
  double worst[4] = {0, 0, 0, 0};
  for (size_t n = 2; n <= 66; n += 2) {
    float *x = floats(n, 4), *w = floats(n, 1), *a = floats(n, 1), *b = floats(n, 1);
    fast->rms_norm(x, w, n, 1e-5f, a);
    reference->rms_norm(x, w, n, 1e-5f, b);
    worst[0] = fmax(worst[0], distance(a, b, n));
    memcpy(a, x, n * sizeof *a), memcpy(b, x, n * sizeof *b);
    fast->silu_multiply(a, w, n), reference->silu_multiply(b, w, n);
    worst[1] = fmax(worst[1], distance(a, b, n));
    memcpy(a, x, n * sizeof *a), memcpy(b, x, n * sizeof *b);
    fast->rotate(a, w, w + n / 2, n), reference->rotate(b, w, w + n / 2, n);
    worst[2] = fmax(worst[2], distance(a, b, n));
    fast->add(a, w, n), reference->add(b, w, n);
    worst[3] = fmax(worst[3], distance(a, b, n));
    free(x), free(w), free(a), free(b);
  }
  report("rms_norm", worst[0], 1e-5);
  report("silu_multiply", worst[1], 1e-5);
  report("rotate", worst[2], 1e-5);
  report("add", worst[3], 1e-5);

  enum { n = 576 };
  codes c;
  float *x = floats(n, 4), *w = floats(n, 1), y[n];
  fast->rms_norm(x, w, n, 1e-5f, y);
  fast->quantize(y, 1, n, c.codes[0], c.scales[0], c.sums[0]);
  fast->rms_norm_quantize(x, w, n, 1e-5f, c.codes[1], c.scales[1], c.sums[1]);
  report("rms_norm_quantize", codes_differ(&c), 0);
  memcpy(y, x, n * sizeof *y);
  fast->silu_multiply(y, w, n);
  fast->quantize(y, 1, n, c.codes[0], c.scales[0], c.sums[0]);
  fast->silu_multiply_quantize(x, w, n, c.codes[1], c.scales[1], c.sums[1]);
  report("silu_multiply_quantize", codes_differ(&c), 0);
  free(x), free(w);
}

static void check_attention(const rk_kernels *fast, const rk_kernels *reference, rk_element element,
                            const char *name) {
  double worst = 0;
  int differs = 0, stored = 0;
  for (size_t k = 2; k <= 80; k += 13)
    for (size_t heads = 1; heads <= 9; heads += 4)
      for (size_t rows = 1; rows <= 31; rows += 10) {
        const size_t position = next_u32() % 300, count = position + rows, blocks = (count + 127) / 128;
        // Elements that are never written, or their scales, are NaNs.
        const size_t bytes = rk_cache_bytes(element, k), stride = heads * k + 3;
        void *places[8], *others[8];
        for (size_t b = 0; b < blocks; b++) {
          places[b] = memset(malloc(2 * bytes), 0xFF, 2 * bytes);
          others[b] = memset(malloc(2 * bytes), 0xFF, 2 * bytes);
        }
        const rk_cache cache = {places, 0, bytes, k, element}, other = {others, 0, bytes, k, element};
        for (size_t s = 0; s < count; s++) {
          float *key = floats(k, 1), *value = floats(k, 1);
          fast->store(&cache, s, key, value);
          reference->store(&other, s, key, value);
          free(key), free(value);
        }
        for (size_t b = 0; b < blocks; b++) stored |= memcmp(places[b], others[b], 2 * bytes) != 0;
        float *q = floats(rows * stride, 4), *found = floats(rows * stride, 1);
        float *expected = malloc(rows * stride * sizeof(float));
        float *joined = malloc(rows * stride * sizeof(float));
        memcpy(expected, found, rows * stride * sizeof(float));
        memcpy(joined, found, rows * stride * sizeof(float));
        const rk_queries queries = {q, stride, heads, position, 1 / sqrtf((float)k)};
        fast->attend(&cache, &queries, 0, rows, NULL, found);
        reference->attend(&cache, &queries, 0, rows, NULL, expected);
        const size_t size = rows * heads * (k + 2);
        float *parts = malloc(blocks * size * sizeof(float));
        for (size_t b = 0; b < blocks; b++) fast->attend_part(&cache, &queries, rows, b, NULL, parts + b * size);
        for (size_t i = 0; i < rows * heads; i++)
          fast->attend_join(parts + i * (k + 2), size, (position + i / heads) / 128 + 1, k,
                            joined + i / heads * stride + i % heads * k);
        worst = fmax(worst, distance(found, expected, rows * stride));
        differs |= memcmp(found, joined, rows * stride * sizeof(float)) != 0;
        for (size_t b = 0; b < blocks; b++) free(places[b]), free(others[b]);
        free(q), free(found), free(expected), free(joined), free(parts);
      }
  char text[64];
  report(name, worst, 1e-5);
  report((snprintf(text, sizeof text, "%s: by parts", name), text), differs, 0);
  report((snprintf(text, sizeof text, "%s: stored bytes", name), text), stored, 0);
}

int main(void) {
  const rk_kernels *fast = rk_best(), *reference = rk_for(rk_isa_scalar);
  printf("%s against scalar\n", fast->name);
  if (fast == reference) return printf("this processor has no kernels of its own\n"), 1;
  check_rows(fast, reference);
  check_quantize(fast, reference);
  for (int encoding = 0; encoding < rk_encoding_count; encoding++)
    check_tiles(fast, reference, (rk_encoding)encoding);
  check_wide(fast, reference);
  check_vectors(fast, reference);
  check_attention(fast, reference, rk_element_f32, "attend f32");
  check_attention(fast, reference, rk_element_f16, "attend f16");
  check_attention(fast, reference, rk_element_q8, "attend q8");
  return failures > 0;
}
