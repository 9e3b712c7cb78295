// A vector of RK_WIDTH floats in the including file's instruction set, and what the kernels on floats share.
//
// The including file defines RK_WIDTH, rk_vf, vmax and vmin (which give b where a is a NaN), and sets its
// target with `#pragma clang attribute push` first.

typedef int32_t rk_vi __attribute__((vector_size(RK_WIDTH * 4)));
typedef uint32_t rk_vu __attribute__((vector_size(RK_WIDTH * 4)));
typedef uint16_t rk_vh __attribute__((vector_size(RK_WIDTH * 2)));
typedef int8_t rk_vc __attribute__((vector_size(RK_WIDTH)));
typedef _Float16 rk_vhf __attribute__((vector_size(RK_WIDTH * 2)));

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

static inline rk_vf vload_f16(const uint16_t *p) {
  rk_vhf v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, rk_vf);
}

static inline void vstore_f16(uint16_t *p, rk_vf v) {
  const rk_vhf narrow = __builtin_convertvector(v, rk_vhf);
  memcpy(p, &narrow, sizeof narrow);
}

/// Codes as floats.
static inline rk_vf vload_i8(const int8_t *p) {
  rk_vc v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(__builtin_convertvector(v, rk_vi), rk_vf);
}

static inline rk_vf vsplat(float x) {
#if RK_WIDTH == 16
  return (rk_vf){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
#elif RK_WIDTH == 8
  return (rk_vf){x, x, x, x, x, x, x, x};
#else
  return (rk_vf){x, x, x, x};
#endif
}

/// a where the mask is all ones, b where it is zero.
static inline rk_vf vselect(rk_vi mask, rk_vf a, rk_vf b) {
  rk_vi x, y;
  memcpy(&x, &a, sizeof x);
  memcpy(&y, &b, sizeof y);
  const rk_vi chosen = (mask & x) | (~mask & y);
  rk_vf v;
  memcpy(&v, &chosen, sizeof v);
  return v;
}

// Across lanes: halves are joined, then their halves.
typedef float rk_v4 __attribute__((vector_size(16)));
#if RK_WIDTH >= 8
typedef float rk_v8 __attribute__((vector_size(32)));
#define RK_LOW4(v) __builtin_shufflevector(v, v, 0, 1, 2, 3)
#define RK_HIGH4(v) __builtin_shufflevector(v, v, 4, 5, 6, 7)
#endif
#if RK_WIDTH == 16
#define RK_LOW8(v) __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
#define RK_HIGH8(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)
#define RK_FOUR(v, JOIN) RK_FOUR8(JOIN(RK_LOW8(v), RK_HIGH8(v)), JOIN)
#define RK_FOUR8(v, JOIN) JOIN(RK_LOW4(v), RK_HIGH4(v))
#elif RK_WIDTH == 8
#define RK_FOUR(v, JOIN) JOIN(RK_LOW4(v), RK_HIGH4(v))
#else
#define RK_FOUR(v, JOIN) (v)
#endif
#define RK_SUM(a, b) ((a) + (b))
#define RK_LARGER(a, b) __builtin_elementwise_max(a, b)

static inline float vsum(rk_vf v) {
  const rk_v4 four = RK_FOUR(v, RK_SUM);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/// The largest lane of a vector without NaN.
static inline float vlargest(rk_vf v) {
  const rk_v4 four = RK_FOUR(v, RK_LARGER);
  const float a = four[0] > four[2] ? four[0] : four[2], b = four[1] > four[3] ? four[1] : four[3];
  return a > b ? a : b;
}

/// e^x to about 2 ulp for x in [-87.3, 88.3]; smaller arguments give about 1e-38, larger ones about 2e38, a NaN a NaN.
static inline rk_vf vexp(rk_vf x) {
  x = vmin(vsplat(88.3f), vmax(vsplat(-87.3f), x));
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
