// q4: 4-bit codes in groups of 32 with an f16 scale and an f16 minimum.
//
//   stored  u8 code[N, K / 2]; f16 scale[N, K / 32]; f16 min[N, K / 32]
//   tile    320 bytes: f16 scale[16]; f16 min[16]; u8 code[4][16][4]
//   both    w = scale * code + min
//
// A stored byte j of a row holds column 2 j in its low nibble and column 2 j + 1 in its high nibble; a byte
// code[j][r][c] of a tile holds column 8 j + c of row r in its low nibble and column 8 j + 4 + c in its high
// nibble. See encodings.h for what the sections below are.

enum { rk_q4_tile_bytes = 2 * 2 * 16 + 16 * 16 };

#if defined(RK_PORTABLE)

static void pack_group_q4(const void *stored, const void *const *companions, size_t group, size_t lane,
                          uint8_t *tile) {
  const uint8_t *codes = (const uint8_t *)stored + group * rk_group / 2;
  memcpy(tile + 2 * lane, (const uint16_t *)companions[0] + group, 2);
  memcpy(tile + 2 * rk_tile_rows + 2 * lane, (const uint16_t *)companions[1] + group, 2);
  uint8_t *out = tile + 4 * rk_tile_rows + lane * 4;
  for (size_t j = 0; j < 4; j++)
    for (size_t c = 0; c < 4; c++) {
      const size_t low = 8 * j + c, high = low + 4;
      const uint8_t a = (codes[low / 2] >> (4 * (low % 2))) & 15;
      const uint8_t b = (codes[high / 2] >> (4 * (high % 2))) & 15;
      out[j * 64 + c] = (uint8_t)(a | b << 4);
    }
}

static void decode_group_q4(const uint8_t *tile, size_t lane, float *out) {
  const float scale = rk_half_to_float(rk_load_u16(tile + 2 * lane));
  const float minimum = rk_half_to_float(rk_load_u16(tile + 2 * rk_tile_rows + 2 * lane));
  const uint8_t *codes = tile + 4 * rk_tile_rows + lane * 4;
  for (size_t c = 0; c < rk_group; c++) {
    const uint8_t byte = codes[c / 8 * 64 + c % 4];
    out[c] = scale * (float)((byte >> (4 * (c / 4 % 2))) & 15) + minimum;
  }
}

/// Uniform codes 0 ... 15: variance (16^2 - 1) / 12, mean 7.5.
static random_companions random_q4(size_t k) {
  const uint16_t scale = half_of(sqrtf(12.0f / 255.0f / (float)k));
  const uint16_t minimum = half_of(7.5f * rk_half_to_float(scale)) | 0x8000u;
  return (random_companions){.count = 2, .values = {scale, minimum}};
}

#elif defined(RK_SCALAR)

static float group_product_q4(const uint8_t *tile, size_t lane, const int8_t *a, float scale, float sum) {
  int dot = 0;
  for (size_t c = 0; c < rk_group; c++) {
    const uint8_t byte = tile[4 * rk_tile_rows + (c / 8) * 64 + lane * 4 + c % 4];
    dot += ((byte >> (4 * (c / 4 % 2))) & 15) * a[c];
  }
  const float step = rk_half_to_float(rk_load_u16(tile + 2 * lane));
  const float minimum = rk_half_to_float(rk_load_u16(tile + 2 * rk_tile_rows + 2 * lane));
  return scale * (step * (float)dot + minimum * sum);
}

#elif defined(RK_AVX2)

RK_BLOCK void add_group_q4(const uint8_t *tile, size_t part, rk_activations x, size_t k, size_t g,
                           const int rows, rk_vf *total) {
  (void)part;
  const __m256i low = _mm256_set1_epi8(15);
  // Sixteen products of at most 15 * 127 each fit into 16 bits: a whole group's lane needs one widening.
  __m256i pairs[2][RK_PASS];
  RK_UNROLL
  for (int i = 0; i < rows; i++) pairs[0][i] = pairs[1][i] = _mm256_setzero_si256();
  RK_UNROLL
  for (int j = 0; j < 4; j++) {
    const __m256i *at = (const __m256i *)(tile + 4 * rk_tile_rows + 64 * j);
    const __m256i first = _mm256_loadu_si256(at), second = _mm256_loadu_si256(at + 1);
    const __m256i even[2] = {_mm256_and_si256(first, low), _mm256_and_si256(second, low)};
    const __m256i odd[2] = {_mm256_and_si256(_mm256_srli_epi16(first, 4), low),
                            _mm256_and_si256(_mm256_srli_epi16(second, 4), low)};
    RK_UNROLL
    for (int i = 0; i < rows; i++) {
      const int8_t *a = x.codes + (size_t)i * k + g * rk_group + 8 * j;
      const __m256i left = quad(a), right = quad(a + 4);
      for (int p = 0; p < 2; p++) {
        pairs[p][i] = _mm256_add_epi16(pairs[p][i], _mm256_maddubs_epi16(even[p], left));
        pairs[p][i] = _mm256_add_epi16(pairs[p][i], _mm256_maddubs_epi16(odd[p], right));
      }
      RK_IN_STEP(pairs[0][i], pairs[1][i]);
    }
  }
  for (int p = 0; p < 2; p++) {
    const __m256 scale = half_lanes(tile + 16 * p), minimum = half_lanes(tile + 2 * rk_tile_rows + 16 * p);
    RK_UNROLL
    for (int i = 0; i < rows; i++) {
      const size_t at = (size_t)i * (k / rk_group) + g;
      const __m256i sum = _mm256_madd_epi16(pairs[p][i], _mm256_set1_epi16(1));
      const __m256 offset = _mm256_mul_ps(minimum, _mm256_set1_ps(x.sums[at]));
      const __m256 term = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(sum), offset);
      total[p * RK_PASS + i] = _mm256_fmadd_ps(_mm256_set1_ps(x.scales[at]), term, total[p * RK_PASS + i]);
    }
  }
}

#elif defined(RK_AVX512)

RK_BLOCK void add_group_q4(const uint8_t *tile, size_t part, rk_activations x, size_t k, size_t g,
                           const int rows, rk_vf *total) {
  (void)part;
  const __m512i low = _mm512_set1_epi8(15);
  const __m512 scale = half_lanes(tile), minimum = half_lanes(tile + 2 * rk_tile_rows);
  __m512i w[8];
  for (int j = 0; j < 4; j++) {
    const __m512i packed = _mm512_loadu_si512(tile + 4 * rk_tile_rows + 64 * j);
    w[2 * j] = _mm512_and_si512(packed, low);
    w[2 * j + 1] = _mm512_and_si512(_mm512_srli_epi16(packed, 4), low);
  }
  RK_UNROLL
  for (int i = 0; i < rows; i++) {
    const size_t at = (size_t)i * (k / rk_group) + g;
    const __m512 offset = _mm512_mul_ps(minimum, _mm512_set1_ps(x.sums[at]));
    const __m512 dot = group_products(w, x.codes + (size_t)i * k + g * rk_group);
    const __m512 term = _mm512_fmadd_ps(scale, dot, offset);
    total[i] = _mm512_fmadd_ps(_mm512_set1_ps(x.scales[at]), term, total[i]);
  }
}

#elif defined(RK_NEON)

RK_BLOCK void add_group_q4(const uint8_t *tile, size_t part, rk_activations x, size_t k, size_t g,
                           const int rows, rk_vf *total) {
  const uint8x16_t low = vdupq_n_u8(15);
  const float32x4_t scale = half_lanes(tile + 8 * part);
  const float32x4_t minimum = half_lanes(tile + 2 * rk_tile_rows + 8 * part);
  int8x16_t w[8];
  for (int j = 0; j < 4; j++) {
    const uint8x16_t packed = vld1q_u8(tile + 4 * rk_tile_rows + 64 * j + 16 * part);
    w[2 * j] = vreinterpretq_s8_u8(vandq_u8(packed, low));
    w[2 * j + 1] = vreinterpretq_s8_u8(vshrq_n_u8(packed, 4));
  }
  RK_UNROLL
  for (int i = 0; i < rows; i++) {
    const size_t at = (size_t)i * (k / rk_group) + g;
    const float32x4_t dot = vcvtq_f32_s32(group_products(w, x.codes + (size_t)i * k + g * rk_group));
    const float32x4_t term = vfmaq_f32(vmulq_n_f32(minimum, x.sums[at]), scale, dot);
    total[i] = (rk_vf)vfmaq_n_f32(total[i], term, x.scales[at]);
  }
}

#endif
