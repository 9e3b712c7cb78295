// The reference: every kernel in plain C, written to be read. The other files are tested against it.

#include <math.h>

#include "internal.h"

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

static void matmul_q8(const uint8_t *tiles, size_t first, size_t last, size_t n, size_t k, rk_activations x,
                      size_t m, float *y, size_t stride) {
  const size_t groups = k / rk_group;
  for (size_t row = first * rk_tile_rows; row < last * rk_tile_rows && row < n; row++)
    for (size_t i = 0; i < m; i++) {
      float total = 0;
      for (size_t g = 0; g < groups; g++) {
        const uint8_t *tile = tiles + (row / rk_tile_rows * groups + g) * rk_q8_tile_bytes;
        const size_t lane = row % rk_tile_rows;
        const int8_t *a = x.codes + i * k + g * rk_group;
        int dot = 0;
        for (size_t c = 0; c < rk_group; c++)
          dot += ((int)tile[2 * rk_tile_rows + (c / 4) * 64 + lane * 4 + c % 4] - 128) * a[c];
        total += rk_half_to_float(rk_load_u16(tile + 2 * lane)) * x.scales[i * groups + g] * (float)dot;
      }
      y[i * stride + row] = total;
    }
}

static void matmul_q4(const uint8_t *tiles, size_t first, size_t last, size_t n, size_t k, rk_activations x,
                      size_t m, float *y, size_t stride) {
  const size_t groups = k / rk_group;
  for (size_t row = first * rk_tile_rows; row < last * rk_tile_rows && row < n; row++)
    for (size_t i = 0; i < m; i++) {
      float total = 0;
      for (size_t g = 0; g < groups; g++) {
        const uint8_t *tile = tiles + (row / rk_tile_rows * groups + g) * rk_q4_tile_bytes;
        const size_t lane = row % rk_tile_rows;
        const int8_t *a = x.codes + i * k + g * rk_group;
        int dot = 0;
        for (size_t c = 0; c < rk_group; c++) {
          const uint8_t byte = tile[4 * rk_tile_rows + (c / 8) * 64 + lane * 4 + c % 4];
          dot += ((byte >> (4 * (c / 4 % 2))) & 15) * a[c];
        }
        const float scale = rk_half_to_float(rk_load_u16(tile + 2 * lane));
        const float minimum = rk_half_to_float(rk_load_u16(tile + 2 * rk_tile_rows + 2 * lane));
        total += x.scales[i * groups + g] * (scale * (float)dot + minimum * x.sums[i * groups + g]);
      }
      y[i * stride + row] = total;
    }
}

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

static void attend(const float *q, const float *keys, const float *values, size_t count, size_t k, float scale,
                   float *scores, float *out) {
  float largest = -INFINITY, total = 0;
  for (size_t s = 0; s < count; s++) {
    float dot = 0;
    for (size_t c = 0; c < k; c++) dot += q[c] * keys[s * k + c];
    scores[s] = dot * scale;
    largest = fmaxf(largest, scores[s]);
  }
  for (size_t s = 0; s < count; s++) {
    scores[s] = expf(scores[s] - largest);
    total += scores[s];
  }
  for (size_t c = 0; c < k; c++) out[c] = 0;
  for (size_t s = 0; s < count; s++)
    for (size_t c = 0; c < k; c++) out[c] += scores[s] / total * values[s * k + c];
}

const rk_kernels rk_scalar_kernels = {
    .isa = rk_isa_scalar,
    .name = "scalar",
    .quantize = quantize,
    .matmul_q8 = matmul_q8,
    .matmul_q4 = matmul_q4,
    .matmul_f32 = matmul_f32,
    .matmul_bf16 = matmul_bf16,
    .rms_norm = rms_norm,
    .add = add,
    .silu_multiply = silu_multiply,
    .rotate = rotate,
    .attend = attend,
};
