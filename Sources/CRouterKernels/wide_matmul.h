// Products with row-major f32 and bf16 matrices, in terms of the vector of the including file.
//
// A block of weight rows meets a block of activation rows; each pair has two sums, over even and odd vectors,
// in whatever blocks it is computed. The including file defines RK_WIDE_ROWS and RK_WIDE_PASS, the rows of
// weights and of activations in a block, as its registers allow.

static inline float widen_f32(float v) { return v; }
static inline float widen_bf16(uint16_t v) {
  const uint32_t bits = (uint32_t)v << 16;
  float out;
  memcpy(&out, &bits, sizeof out);
  return out;
}

/// `across` weight rows against `rows` activation rows, both k apart.
#define RK_WIDE_BLOCK(NAME, TYPE, LOAD, SCALAR)                                                           \
  RK_BLOCK void NAME(const TYPE *w, const int across, size_t k, const float *x, const int rows, float *y, \
                     size_t stride) {                                                                     \
    rk_vf even[RK_WIDE_ROWS * RK_WIDE_PASS], odd[RK_WIDE_ROWS * RK_WIDE_PASS];                            \
    for (int i = 0; i < across * rows; i++) even[i] = odd[i] = vsplat(0);                                 \
    size_t c = 0;                                                                                         \
    for (; c + 2 * RK_WIDTH <= k; c += 2 * RK_WIDTH) {                                                    \
      rk_vf a[RK_WIDE_ROWS], b[RK_WIDE_ROWS];                                                             \
      for (int j = 0; j < across; j++) {                                                                  \
        a[j] = LOAD(w + (size_t)j * k + c);                                                               \
        b[j] = LOAD(w + (size_t)j * k + c + RK_WIDTH);                                                    \
      }                                                                                                   \
      RK_UNROLL                                                                                           \
      for (int i = 0; i < rows; i++) {                                                                    \
        const rk_vf left = vload(x + (size_t)i * k + c), right = vload(x + (size_t)i * k + c + RK_WIDTH); \
        for (int j = 0; j < across; j++) {                                                                \
          even[i * across + j] += a[j] * left;                                                            \
          odd[i * across + j] += b[j] * right;                                                            \
        }                                                                                                 \
      }                                                                                                   \
    }                                                                                                     \
    for (int i = 0; i < rows; i++)                                                                        \
      for (int j = 0; j < across; j++) {                                                                  \
        float total = vsum(even[i * across + j] + odd[i * across + j]);                                   \
        for (size_t t = c; t < k; t++)                                                                    \
          total = __builtin_fmaf(SCALAR(w[(size_t)j * k + t]), x[(size_t)i * k + t], total);              \
        y[(size_t)i * stride + j] = total;                                                                \
      }                                                                                                   \
  }

RK_WIDE_BLOCK(wide_f32, float, vload, widen_f32)
RK_WIDE_BLOCK(wide_bf16, uint16_t, vload_bf16, widen_bf16)

/// A panel of weights stays in the second-level cache while every pass of activations goes over it.
enum { rk_panel_bytes = 256 * 1024 };

#define RK_WIDE_MATMUL(NAME, TYPE, BLOCK)                                                                  \
  static void NAME(const TYPE *w, size_t first, size_t last, size_t k, const float *x, size_t m, float *y, \
                   size_t stride) {                                                                        \
    const size_t fitting = rk_panel_bytes / (k * sizeof(TYPE) + 1) + RK_WIDE_ROWS;                         \
    const size_t panel = fitting / RK_WIDE_ROWS * RK_WIDE_ROWS;                                            \
    for (size_t start = first; start < last; start += panel) {                                             \
      const size_t end = last - start < panel ? last : start + panel;                                      \
      size_t i = 0;                                                                                        \
      for (; i + RK_WIDE_PASS <= m; i += RK_WIDE_PASS) {                                                   \
        size_t row = start;                                                                                \
        for (; row + RK_WIDE_ROWS <= end; row += RK_WIDE_ROWS)                                             \
          BLOCK(w + row * k, RK_WIDE_ROWS, k, x + i * k, RK_WIDE_PASS, y + i * stride + row, stride);      \
        for (; row < end; row++)                                                                           \
          BLOCK(w + row * k, 1, k, x + i * k, RK_WIDE_PASS, y + i * stride + row, stride);                 \
      }                                                                                                    \
      for (size_t row = start; row < end; row++) {                                                         \
        size_t at = i;                                                                                     \
        float *out = y + row;                                                                              \
        for (; at + 2 <= m; at += 2) BLOCK(w + row * k, 1, k, x + at * k, 2, out + at * stride, stride);   \
        if (at < m) BLOCK(w + row * k, 1, k, x + at * k, 1, out + at * stride, stride);                    \
      }                                                                                                    \
    }                                                                                                      \
  }

RK_WIDE_MATMUL(matmul_f32, float, wide_f32)
RK_WIDE_MATMUL(matmul_bf16, uint16_t, wide_bf16)
