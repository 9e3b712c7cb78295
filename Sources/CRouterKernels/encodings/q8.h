// q8: 8-bit codes in groups of 32 with an f16 scale.
//
//   stored  i8 code[N, K]; f16 scale[N, K / 32]              w = scale * code
//   tile    544 bytes: f16 scale[16]; u8 code[8][16][4]      w = scale * (code - 128)
//
// code[j][r][c] of a tile is column 4 j + c of row r. See encodings.h for what the sections below are.

enum { rk_q8_tile_bytes = 2 * 16 + 16 * 32 };

#if defined(RK_PORTABLE)

static void pack_group_q8(const void *stored, const void *const *companions, size_t group, size_t lane,
                          uint8_t *tile) {
  const int8_t *codes = (const int8_t *)stored + group * rk_group;
  memcpy(tile + 2 * lane, (const uint16_t *)companions[0] + group, 2);
  uint8_t *out = tile + 2 * rk_tile_rows + lane * 4;
  for (size_t c = 0; c < rk_group; c++) out[c / 4 * 64 + c % 4] = (uint8_t)((int)codes[c] + 128);
}

static void decode_group_q8(const uint8_t *tile, size_t lane, float *out) {
  const float scale = rk_half_to_float(rk_load_u16(tile + 2 * lane));
  const uint8_t *codes = tile + 2 * rk_tile_rows + lane * 4;
  for (size_t c = 0; c < rk_group; c++) out[c] = scale * (float)((int)codes[c / 4 * 64 + c % 4] - 128);
}

/// Uniform codes -128 ... 127: variance (256^2 - 1) / 12. Their mean of -1/2 is 0.7 % of that deviation.
static random_companions random_q8(size_t k) {
  return (random_companions){.count = 1, .values = {half_of(sqrtf(12.0f / 65535.0f / (float)k))}};
}

#elif defined(RK_SCALAR)

static float group_product_q8(const uint8_t *tile, size_t lane, const int8_t *a, float scale, float sum) {
  (void)sum;
  int dot = 0;
  for (size_t c = 0; c < rk_group; c++)
    dot += ((int)tile[2 * rk_tile_rows + (c / 4) * 64 + lane * 4 + c % 4] - 128) * a[c];
  return rk_half_to_float(rk_load_u16(tile + 2 * lane)) * scale * (float)dot;
}

#elif defined(RK_AVX2)

RK_BLOCK void add_group_q8(const uint8_t *tile, size_t part, rk_activations x, size_t k, size_t g,
                           const int rows, rk_vf *total) {
  (void)part;
  const __m256i offset = _mm256_set1_epi8((char)0x80);
  __m256i sums[2][RK_PASS];
  RK_UNROLL
  for (int i = 0; i < rows; i++) sums[0][i] = sums[1][i] = _mm256_setzero_si256();
  RK_UNROLL
  for (int j = 0; j < 8; j++) {
    const __m256i *at = (const __m256i *)(tile + 2 * rk_tile_rows + 64 * j);
    // The stored codes are offset by 128: flipping the sign bit makes them signed.
    const __m256i w[2] = {_mm256_xor_si256(_mm256_loadu_si256(at), offset),
                          _mm256_xor_si256(_mm256_loadu_si256(at + 1), offset)};
    const __m256i magnitude[2] = {_mm256_abs_epi8(w[0]), _mm256_abs_epi8(w[1])};
    RK_UNROLL
    for (int i = 0; i < rows; i++) {
      const __m256i a = quad(x.codes + (size_t)i * k + g * rk_group + 4 * j);
      for (int p = 0; p < 2; p++)
        sums[p][i] =
            accumulate(sums[p][i], _mm256_maddubs_epi16(magnitude[p], _mm256_sign_epi8(a, w[p])));
      RK_IN_STEP(sums[0][i], sums[1][i]);
    }
  }
  for (int p = 0; p < 2; p++) {
    const __m256 scale = half_lanes(tile + 16 * p);
    RK_UNROLL
    for (int i = 0; i < rows; i++) {
      const __m256 factor =
          _mm256_mul_ps(scale, _mm256_set1_ps(x.scales[(size_t)i * (k / rk_group) + g]));
      total[p * RK_PASS + i] = _mm256_fmadd_ps(factor, _mm256_cvtepi32_ps(sums[p][i]), total[p * RK_PASS + i]);
    }
  }
}

#elif defined(RK_AVX512)

RK_BLOCK void add_group_q8(const uint8_t *tile, size_t part, rk_activations x, size_t k, size_t g,
                           const int rows, rk_vf *total) {
  (void)part;
  const __m512 scale = half_lanes(tile), offset = _mm512_set1_ps(128.0f);
  __m512i w[8];
  for (int j = 0; j < 8; j++) w[j] = _mm512_loadu_si512(tile + 2 * rk_tile_rows + 64 * j);
  RK_UNROLL
  for (int i = 0; i < rows; i++) {
    // The stored codes are offset by 128: 128 times the sum of the activations goes away again, exactly.
    const size_t at = (size_t)i * (k / rk_group) + g;
    const __m512 products = group_products(w, x.codes + (size_t)i * k + g * rk_group);
    const __m512 dot = _mm512_fnmadd_ps(_mm512_set1_ps(x.sums[at]), offset, products);
    total[i] = _mm512_fmadd_ps(_mm512_mul_ps(scale, _mm512_set1_ps(x.scales[at])), dot, total[i]);
  }
}

#elif defined(RK_NEON)

RK_BLOCK void add_group_q8(const uint8_t *tile, size_t part, rk_activations x, size_t k, size_t g,
                           const int rows, rk_vf *total) {
  const uint8x16_t offset = vdupq_n_u8(0x80);
  const float32x4_t scale = half_lanes(tile + 8 * part);
  int8x16_t w[8];
  // The stored codes are offset by 128: flipping the sign bit makes them signed.
  for (int j = 0; j < 8; j++)
    w[j] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(tile + 2 * rk_tile_rows + 64 * j + 16 * part), offset));
  RK_UNROLL
  for (int i = 0; i < rows; i++) {
    const size_t at = (size_t)i * (k / rk_group) + g;
    const float32x4_t dot = vcvtq_f32_s32(group_products(w, x.codes + (size_t)i * k + g * rk_group));
    total[i] = (rk_vf)vfmaq_f32(total[i], vmulq_n_f32(scale, x.scales[at]), dot);
  }
}

#endif
