// Floating-point kernels in terms of a vector of RK_WIDTH floats, for the including file's instruction set.
//
// The including file defines RK_WIDTH and sets its target with `#pragma clang attribute push` first.

typedef float rk_vf __attribute__((vector_size(RK_WIDTH * 4)));
typedef int32_t rk_vi __attribute__((vector_size(RK_WIDTH * 4)));
typedef uint32_t rk_vu __attribute__((vector_size(RK_WIDTH * 4)));
typedef uint16_t rk_vh __attribute__((vector_size(RK_WIDTH * 2)));

static inline rk_vf vload(const float *p) {
  rk_vf v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void vstore(float *p, rk_vf v) { memcpy(p, &v, sizeof v); }

static inline rk_vf vload_bf16(const uint16_t *p) {
  rk_vh h;
  memcpy(&h, p, sizeof h);
  const rk_vu bits = __builtin_convertvector(h, rk_vu) << 16;
  rk_vf v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

static inline rk_vf vsplat(float x) { return (rk_vf){0} + x; }

static inline float vsum(rk_vf v) {
  float lanes[RK_WIDTH];
  memcpy(lanes, &v, sizeof lanes);
  for (int step = RK_WIDTH / 2; step > 0; step /= 2)
    for (int i = 0; i < step; i++) lanes[i] += lanes[i + step];
  return lanes[0];
}

/// e^x to about 2 ulp for x in [-87.3, 88.3]; smaller arguments give about 1e-38, larger ones about 2e38.
static inline rk_vf vexp(rk_vf x) {
  const rk_vf low = vsplat(-87.3f), high = vsplat(88.3f);
  x = __builtin_elementwise_min(__builtin_elementwise_max(x, low), high);
  // Adding 1.5 * 2^23 rounds to an integer, which then sits in the low mantissa bits.
  const rk_vf magic = vsplat(12582912.0f), shifted = x * 1.44269504f + magic;
  rk_vi exponent;
  memcpy(&exponent, &shifted, sizeof exponent);
  const rk_vf n = shifted - magic;
  const rk_vf r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  rk_vf p = r * (1.0f / 720) + (1.0f / 120);
  p = p * r + (1.0f / 24);
  p = p * r + (1.0f / 6);
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const rk_vi power = (exponent + 127) << 23;
  rk_vf scale;
  memcpy(&scale, &power, sizeof scale);
  return p * scale;
}

static inline float vdot(const float *a, const float *b, size_t n) {
  rk_vf s0 = vsplat(0), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 4 * RK_WIDTH <= n; i += 4 * RK_WIDTH) {
    s0 += vload(a + i) * vload(b + i);
    s1 += vload(a + i + RK_WIDTH) * vload(b + i + RK_WIDTH);
    s2 += vload(a + i + 2 * RK_WIDTH) * vload(b + i + 2 * RK_WIDTH);
    s3 += vload(a + i + 3 * RK_WIDTH) * vload(b + i + 3 * RK_WIDTH);
  }
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) s0 += vload(a + i) * vload(b + i);
  float total = vsum((s0 + s1) + (s2 + s3));
  for (; i < n; i++) total += a[i] * b[i];
  return total;
}

/// One weight row against `rows` (1 ... 4) activation rows that lie k apart.
#define RK_ROW_KERNEL(NAME, TYPE, LOAD, SCALAR)                                                        \
  static inline __attribute__((always_inline)) void NAME(const TYPE *w, size_t k, const float *x,      \
                                                         const int rows, float *y, size_t stride) {    \
    rk_vf even[4], odd[4];                                                                             \
    for (int i = 0; i < rows; i++) even[i] = odd[i] = vsplat(0);                                       \
    size_t c = 0;                                                                                      \
    for (; c + 2 * RK_WIDTH <= k; c += 2 * RK_WIDTH) {                                                 \
      const rk_vf a = LOAD(w + c), b = LOAD(w + c + RK_WIDTH);                                         \
      for (int i = 0; i < rows; i++) {                                                                 \
        even[i] += a * vload(x + (size_t)i * k + c);                                                   \
        odd[i] += b * vload(x + (size_t)i * k + c + RK_WIDTH);                                         \
      }                                                                                                \
    }                                                                                                  \
    for (int i = 0; i < rows; i++) {                                                                   \
      float total = vsum(even[i] + odd[i]);                                                            \
      for (size_t t = c; t < k; t++) total += SCALAR(w[t]) * x[(size_t)i * k + t];                     \
      y[(size_t)i * stride] = total;                                                                   \
    }                                                                                                  \
  }

static inline float widen_f32(float v) { return v; }
static inline float widen_bf16(uint16_t v) {
  const uint32_t bits = (uint32_t)v << 16;
  float out;
  memcpy(&out, &bits, sizeof out);
  return out;
}

RK_ROW_KERNEL(row_f32, float, vload, widen_f32)
RK_ROW_KERNEL(row_bf16, uint16_t, vload_bf16, widen_bf16)

#define RK_WIDE_MATMUL(NAME, TYPE, ROW)                                                                    \
  static void NAME(const TYPE *w, size_t first, size_t last, size_t k, const float *x, size_t m, float *y, \
                   size_t stride) {                                                                        \
    for (size_t row = first; row < last; row++) {                                                          \
      size_t i = 0;                                                                                        \
      for (; i + 4 <= m; i += 4) ROW(w + row * k, k, x + i * k, 4, y + i * stride + row, stride);          \
      for (; i < m; i++) ROW(w + row * k, k, x + i * k, 1, y + i * stride + row, stride);                  \
    }                                                                                                      \
  }

RK_WIDE_MATMUL(matmul_f32, float, row_f32)
RK_WIDE_MATMUL(matmul_bf16, uint16_t, row_bf16)

static void rms_norm(const float *x, const float *w, size_t n, float epsilon, float *y) {
  const float inverse = 1.0f / __builtin_sqrtf(vdot(x, x, n) / (float)n + epsilon);
  size_t i = 0;
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) vstore(y + i, vload(x + i) * inverse * vload(w + i));
  for (; i < n; i++) y[i] = x[i] * inverse * w[i];
}

static void add(float *x, const float *y, size_t n) {
  size_t i = 0;
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) vstore(x + i, vload(x + i) + vload(y + i));
  for (; i < n; i++) x[i] += y[i];
}

static void silu_multiply(float *gate, const float *up, size_t n) {
  size_t i = 0;
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) {
    const rk_vf g = vload(gate + i);
    vstore(gate + i, g / (1.0f + vexp(-g)) * vload(up + i));
  }
  for (; i < n; i++) gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

static void rotate(float *head, const float *cosines, const float *sines, size_t k) {
  const size_t half = k / 2;
  size_t i = 0;
  for (; i + RK_WIDTH <= half; i += RK_WIDTH) {
    const rk_vf a = vload(head + i), b = vload(head + i + half), c = vload(cosines + i), s = vload(sines + i);
    vstore(head + i, a * c - b * s);
    vstore(head + i + half, b * c + a * s);
  }
  for (; i < half; i++) {
    const float a = head[i], b = head[i + half];
    head[i] = a * cosines[i] - b * sines[i];
    head[i + half] = b * cosines[i] + a * sines[i];
  }
}

static void attend(const float *q, const float *keys, const float *values, size_t count, size_t k, float scale,
                   float *scores, float *out) {
  float largest = -INFINITY;
  for (size_t s = 0; s < count; s++) {
    scores[s] = scale * vdot(q, keys + s * k, k);
    largest = scores[s] > largest ? scores[s] : largest;
  }
  rk_vf sums = vsplat(0);
  size_t s = 0;
  for (; s + RK_WIDTH <= count; s += RK_WIDTH) {
    const rk_vf p = vexp(vload(scores + s) - largest);
    vstore(scores + s, p);
    sums += p;
  }
  float total = vsum(sums);
  for (; s < count; s++) total += scores[s] = expf(scores[s] - largest);
  const float inverse = 1.0f / total;
  size_t c = 0;
  for (; c + RK_WIDTH <= k; c += RK_WIDTH) {
    rk_vf a = vsplat(0), b = a;
    for (s = 0; s + 2 <= count; s += 2) {
      a += scores[s] * vload(values + s * k + c);
      b += scores[s + 1] * vload(values + (s + 1) * k + c);
    }
    if (s < count) a += scores[s] * vload(values + s * k + c);
    vstore(out + c, (a + b) * inverse);
  }
  for (; c < k; c++) {
    float a = 0;
    for (s = 0; s < count; s++) a += scores[s] * values[s * k + c];
    out[c] = a * inverse;
  }
}

static void quantize(const float *x, size_t m, size_t k, int8_t *codes, float *scales, float *sums) {
  for (size_t g = 0; g < m * k / rk_group; g++) {
    const float *in = x + g * rk_group;
    rk_vf top = vsplat(0), poison = top;
    for (size_t i = 0; i < rk_group; i += RK_WIDTH) {
      const rk_vf v = vload(in + i);
      top = __builtin_elementwise_max(top, __builtin_elementwise_abs(v));
      poison += v * 0.0f;
    }
    // Zero times a NaN or an infinity is a NaN: it has to show in the products.
    if (vsum(poison) != 0) {
      memset(codes + g * rk_group, 0, rk_group);
      scales[g] = NAN;
      sums[g] = 0;
      continue;
    }
    float lanes[RK_WIDTH], largest = 0;
    memcpy(lanes, &top, sizeof lanes);
    for (int i = 0; i < RK_WIDTH; i++) largest = lanes[i] > largest ? lanes[i] : largest;
    const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
    const rk_vf magic = vsplat(12582912.0f);
    rk_vi sum = {0};
    int32_t wide[rk_group];
    for (size_t i = 0; i < rk_group; i += RK_WIDTH) {
      const rk_vf shifted = vload(in + i) * (__builtin_isfinite(inverse) ? inverse : 0.0f) + magic;
      rk_vi bits;
      memcpy(&bits, &shifted, sizeof bits);
      bits -= 0x4B400000;
      sum += bits;
      memcpy(wide + i, &bits, sizeof bits);
    }
    for (size_t i = 0; i < rk_group; i++) codes[g * rk_group + i] = (int8_t)wide[i];
    int32_t parts[RK_WIDTH], total = 0;
    memcpy(parts, &sum, sizeof parts);
    for (int i = 0; i < RK_WIDTH; i++) total += parts[i];
    scales[g] = largest / 127.0f;
    sums[g] = (float)total;
  }
}
