// Probes of the machine, one set for each instruction set. They share their loops as macros of the vector type:
// only the instructions differ.

#include "router_probes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/// Chains of dependent instructions that run side by side: more than latency times ports of any processor here.
#define RK_CHAINS 12

/// Where the four streams begin, and how far each moves in a step of `width` bytes.
#define RK_STREAMS(width)                                          \
  const size_t offset = interleaved ? bytes / 4 : (width);         \
  const size_t step = interleaved ? (size_t)(width) : 4 * (width); \
  const size_t count = bytes / (4 * (width))

// MARK: Portable

static uint64_t read_scalar(const uint8_t *p, size_t bytes, int interleaved) {
  RK_STREAMS(8);
  uint64_t sum[4] = {0};
  for (size_t n = 0; n < count; n++, p += step)
    for (int s = 0; s < 4; s++) {
      uint64_t word;
      __builtin_memcpy(&word, p + s * offset, sizeof word);
      sum[s] ^= word;
    }
  return sum[0] ^ sum[1] ^ sum[2] ^ sum[3];
}

static uint64_t int8_scalar(size_t rounds) {
  int32_t sum[RK_CHAINS] = {0};
  for (size_t n = 0; n < rounds; n++)
    for (int c = 0; c < RK_CHAINS; c++) sum[c] += (int8_t)(n + (size_t)c) * (int8_t)(n >> 1);
  uint64_t total = 0;
  for (int c = 0; c < RK_CHAINS; c++) total += (uint64_t)sum[c];
  return total;
}

static float f32_scalar(size_t rounds) {
  float sum[RK_CHAINS];
  for (int c = 0; c < RK_CHAINS; c++) sum[c] = (float)c;
  for (size_t n = 0; n < rounds; n++)
    for (int c = 0; c < RK_CHAINS; c++) sum[c] = sum[c] * 0.999f + 0.001f;
  float total = 0;
  for (int c = 0; c < RK_CHAINS; c++) total += sum[c];
  return total;
}

static const rk_probes scalar_probes = {
    .read = read_scalar,
    .int8 = int8_scalar,
    .f32 = f32_scalar,
    .int8_operations = 2 * RK_CHAINS,
    .f32_operations = 2 * RK_CHAINS,
};

#if defined(__x86_64__)

// MARK: AVX2

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

static uint64_t read_avx2(const uint8_t *p, size_t bytes, int interleaved) {
  RK_STREAMS(32);
  __m256i sum[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                    _mm256_setzero_si256()};
  for (size_t n = 0; n < count; n++, p += step)
    for (int s = 0; s < 4; s++)
      sum[s] = _mm256_xor_si256(sum[s], _mm256_loadu_si256((const __m256i *)(p + s * offset)));
  const __m256i all = _mm256_xor_si256(_mm256_xor_si256(sum[0], sum[1]), _mm256_xor_si256(sum[2], sum[3]));
  return (uint64_t)_mm256_extract_epi64(all, 0) ^ (uint64_t)_mm256_extract_epi64(all, 2);
}

static uint64_t int8_avx2(size_t rounds) {
  __m256i sum[RK_CHAINS];
  for (int c = 0; c < RK_CHAINS; c++) sum[c] = _mm256_set1_epi32(c);
  const __m256i ones = _mm256_set1_epi16(1);
  for (size_t n = 0; n < rounds; n++) {
    const __m256i x = _mm256_set1_epi8((char)(n & 63));
    for (int c = 0; c < RK_CHAINS; c++)
      sum[c] = _mm256_add_epi32(sum[c], _mm256_madd_epi16(_mm256_maddubs_epi16(x, sum[c]), ones));
  }
  for (int c = 1; c < RK_CHAINS; c++) sum[0] = _mm256_add_epi32(sum[0], sum[c]);
  return (uint64_t)_mm256_extract_epi64(sum[0], 0);
}

static float f32_avx2(size_t rounds) {
  __m256 sum[RK_CHAINS];
  for (int c = 0; c < RK_CHAINS; c++) sum[c] = _mm256_set1_ps((float)c);
  const __m256 x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.001f);
  for (size_t n = 0; n < rounds; n++)
    for (int c = 0; c < RK_CHAINS; c++) sum[c] = _mm256_fmadd_ps(sum[c], x, y);
  for (int c = 1; c < RK_CHAINS; c++) sum[0] = _mm256_add_ps(sum[0], sum[c]);
  return _mm256_cvtss_f32(sum[0]);
}

#pragma clang attribute pop

static const rk_probes avx2_probes = {
    .read = read_avx2,
    .int8 = int8_avx2,
    .f32 = f32_avx2,
    .int8_operations = 2 * 32 * RK_CHAINS,
    .f32_operations = 2 * 8 * RK_CHAINS,
};

// MARK: AVX-512 with VNNI

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vnni"))), apply_to = function)

static uint64_t read_avx512(const uint8_t *p, size_t bytes, int interleaved) {
  RK_STREAMS(64);
  __m512i sum[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                    _mm512_setzero_si512()};
  for (size_t n = 0; n < count; n++, p += step)
    for (int s = 0; s < 4; s++) sum[s] = _mm512_xor_si512(sum[s], _mm512_loadu_si512(p + s * offset));
  const __m512i all = _mm512_xor_si512(_mm512_xor_si512(sum[0], sum[1]), _mm512_xor_si512(sum[2], sum[3]));
  return (uint64_t)_mm512_reduce_add_epi64(all);
}

static uint64_t int8_avx512(size_t rounds) {
  __m512i sum[RK_CHAINS];
  for (int c = 0; c < RK_CHAINS; c++) sum[c] = _mm512_set1_epi32(c);
  const __m512i x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(-5);
  for (size_t n = 0; n < rounds; n++)
    for (int c = 0; c < RK_CHAINS; c++) sum[c] = _mm512_dpbusd_epi32(sum[c], x, y);
  for (int c = 1; c < RK_CHAINS; c++) sum[0] = _mm512_add_epi32(sum[0], sum[c]);
  return (uint64_t)_mm512_reduce_add_epi32(sum[0]);
}

static float f32_avx512(size_t rounds) {
  __m512 sum[RK_CHAINS];
  for (int c = 0; c < RK_CHAINS; c++) sum[c] = _mm512_set1_ps((float)c);
  const __m512 x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(0.001f);
  for (size_t n = 0; n < rounds; n++)
    for (int c = 0; c < RK_CHAINS; c++) sum[c] = _mm512_fmadd_ps(sum[c], x, y);
  for (int c = 1; c < RK_CHAINS; c++) sum[0] = _mm512_add_ps(sum[0], sum[c]);
  return _mm512_reduce_add_ps(sum[0]);
}

#pragma clang attribute pop

static const rk_probes avx512_probes = {
    .read = read_avx512,
    .int8 = int8_avx512,
    .f32 = f32_avx512,
    .int8_operations = 2 * 64 * RK_CHAINS,
    .f32_operations = 2 * 16 * RK_CHAINS,
};

const rk_probes *rk_probes_for(rk_isa isa) {
  switch (isa) {
    case rk_isa_avx2:
      return &avx2_probes;
    case rk_isa_avx512:
      return &avx512_probes;
    default:
      return &scalar_probes;
  }
}

#elif defined(__aarch64__)

// MARK: NEON with dot product

static uint64_t read_neon(const uint8_t *p, size_t bytes, int interleaved) {
  RK_STREAMS(16);
  uint8x16_t sum[4] = {vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0)};
  for (size_t n = 0; n < count; n++, p += step)
    for (int s = 0; s < 4; s++) sum[s] = veorq_u8(sum[s], vld1q_u8(p + s * offset));
  return vgetq_lane_u64(vreinterpretq_u64_u8(veorq_u8(veorq_u8(sum[0], sum[1]), veorq_u8(sum[2], sum[3]))), 0);
}

__attribute__((target("dotprod"))) static uint64_t int8_neon(size_t rounds) {
  int32x4_t sum[RK_CHAINS];
  for (int c = 0; c < RK_CHAINS; c++) sum[c] = vdupq_n_s32(c);
  const int8x16_t x = vdupq_n_s8(3), y = vdupq_n_s8(-5);
  for (size_t n = 0; n < rounds; n++)
    for (int c = 0; c < RK_CHAINS; c++) sum[c] = vdotq_s32(sum[c], x, y);
  for (int c = 1; c < RK_CHAINS; c++) sum[0] = vaddq_s32(sum[0], sum[c]);
  return (uint64_t)vaddvq_s32(sum[0]);
}

static float f32_neon(size_t rounds) {
  float32x4_t sum[RK_CHAINS];
  for (int c = 0; c < RK_CHAINS; c++) sum[c] = vdupq_n_f32((float)c);
  const float32x4_t x = vdupq_n_f32(0.999f), y = vdupq_n_f32(0.001f);
  for (size_t n = 0; n < rounds; n++)
    for (int c = 0; c < RK_CHAINS; c++) sum[c] = vfmaq_f32(y, sum[c], x);
  for (int c = 1; c < RK_CHAINS; c++) sum[0] = vaddq_f32(sum[0], sum[c]);
  return vaddvq_f32(sum[0]);
}

static const rk_probes neon_probes = {
    .read = read_neon,
    .int8 = int8_neon,
    .f32 = f32_neon,
    .int8_operations = 2 * 16 * RK_CHAINS,
    .f32_operations = 2 * 4 * RK_CHAINS,
};

// Any set but the scalar one is NEON with dot product here.
const rk_probes *rk_probes_for(rk_isa isa) { return isa == rk_isa_scalar ? &scalar_probes : &neon_probes; }

#else

const rk_probes *rk_probes_for(rk_isa isa) {
  (void)isa;
  return &scalar_probes;
}

#endif
