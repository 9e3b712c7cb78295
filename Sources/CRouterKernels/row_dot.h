// Products with some rows of a row-major 8-bit matrix: a few of many, so that each is read where it lies.

/// Rows ahead whose codes memory is asked for.
enum { rk_rows_ahead = 4 };

#if defined(RK_AVX2) || defined(RK_AVX512)

/// The products of 32 codes each, in eight lanes. Two products in 16 bits cannot overflow: |code| <= 128, |activation|
/// <= 127.
static inline __m256i row_group(const int8_t *w, const int8_t *a) {
  const __m256i codes = _mm256_loadu_si256((const __m256i *)w), x = _mm256_loadu_si256((const __m256i *)a);
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(x, codes));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

static inline float row_dot(const int8_t *w, const float *scales, size_t groups, rk_activations x) {
  __m256 total = _mm256_setzero_ps();
  for (size_t g = 0; g < groups; g++) {
    const __m256 factor = _mm256_set1_ps(scales[g] * x.scales[g]);
    const __m256i products = row_group(w + g * rk_group, x.codes + g * rk_group);
    total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), factor, total);
  }
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(total), _mm256_extractf128_ps(total, 1));
  const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps(pair, pair, 1)));
}

#elif defined(RK_NEON)

static inline float row_dot(const int8_t *w, const float *scales, size_t groups, rk_activations x) {
  float32x4_t total = vdupq_n_f32(0);
  for (size_t g = 0; g < groups; g++) {
    const int8_t *codes = w + g * rk_group, *a = x.codes + g * rk_group;
    int32x4_t dot = vdotq_s32(vdupq_n_s32(0), vld1q_s8(codes), vld1q_s8(a));
    dot = vdotq_s32(dot, vld1q_s8(codes + 16), vld1q_s8(a + 16));
    total = vfmaq_n_f32(total, vcvtq_f32_s32(dot), scales[g] * x.scales[g]);
  }
  return vaddvq_f32(total);
}

#else

static float row_dot(const int8_t *w, const float *scales, size_t groups, rk_activations x) {
  float total = 0;
  for (size_t g = 0; g < groups; g++) {
    int dot = 0;
    for (size_t c = 0; c < rk_group; c++) dot += (int)w[g * rk_group + c] * x.codes[g * rk_group + c];
    total += scales[g] * x.scales[g] * (float)dot;
  }
  return total;
}

#endif

static void dot_rows(const int8_t *codes, const float *scales, const uint32_t *rows, size_t count, size_t k,
                     rk_activations x, float *y) {
  const size_t groups = k / rk_group;
  for (size_t i = 0; i < count; i++) {
    if (i + rk_rows_ahead < count) {
      const int8_t *next = codes + (size_t)rows[i + rk_rows_ahead] * k;
      for (size_t c = 0; c < k; c += 64) __builtin_prefetch(next + c);
      __builtin_prefetch(scales + (size_t)rows[i + rk_rows_ahead] * groups);
    }
    y[rows[i]] = row_dot(codes + (size_t)rows[i] * k, scales + (size_t)rows[i] * groups, groups, x);
  }
}
