// Kernels on rows of floats, in terms of the vector of the including file.

static inline float root_mean_square_inverse(const float *x, size_t n, float epsilon) {
  return 1.0f / __builtin_sqrtf(vdot(x, x, n) / (float)n + epsilon);
}

static void rms_norm(const float *x, const float *w, size_t n, float epsilon, float *y) {
  const float inverse = root_mean_square_inverse(x, n, epsilon);
  size_t i = 0;
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) vstore(y + i, vload(x + i) * inverse * vload(w + i));
  for (; i < n; i++) y[i] = x[i] * inverse * w[i];
}

static void add(float *x, const float *y, size_t n) {
  size_t i = 0;
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) vstore(x + i, vload(x + i) + vload(y + i));
  for (; i < n; i++) x[i] += y[i];
}

static inline rk_vf silu(rk_vf g) { return g / (1.0f + vexp(-g)); }

static void silu_multiply(float *gate, const float *up, size_t n) {
  size_t i = 0;
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) vstore(gate + i, silu(vload(gate + i)) * vload(up + i));
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

enum { rk_group_vectors = rk_group / RK_WIDTH };

/// Quantises one group, which the caller holds in registers.
RK_BLOCK void quantize_group(const rk_vf *in, int8_t *codes, float *scale, float *sum) {
  rk_vf top = vsplat(0), poison = top;
  for (int i = 0; i < rk_group_vectors; i++) {
    top = vmax(__builtin_elementwise_abs(in[i]), top);
    poison += in[i] * 0.0f;
  }
  // Zero times a NaN or an infinity is a NaN: it has to show in the products.
  if (vsum(poison) != 0) {
    memset(codes, 0, rk_group);
    *scale = NAN;
    *sum = 0;
    return;
  }
  const float largest = vlargest(top);
  // The reciprocal of a subnormal overflows; such a group is as good as zero.
  const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
  const float factor = __builtin_isfinite(inverse) ? inverse : 0.0f;
  rk_vi total = {0};
  for (int i = 0; i < rk_group_vectors; i++) {
    const rk_vf shifted = in[i] * factor + 12582912.0f;
    rk_vi code;
    memcpy(&code, &shifted, sizeof code);
    code -= 0x4B400000;
    total += code;
    const rk_vc narrow = __builtin_convertvector(code, rk_vc);
    memcpy(codes + i * RK_WIDTH, &narrow, sizeof narrow);
  }
  int32_t parts[RK_WIDTH], all = 0;
  memcpy(parts, &total, sizeof parts);
  for (int i = 0; i < RK_WIDTH; i++) all += parts[i];
  *scale = largest / 127.0f;
  *sum = (float)all;
}

static void quantize(const float *x, size_t m, size_t k, int8_t *codes, float *scales, float *sums) {
  for (size_t g = 0; g < m * k / rk_group; g++) {
    rk_vf in[rk_group_vectors];
    for (int i = 0; i < rk_group_vectors; i++) in[i] = vload(x + g * rk_group + (size_t)i * RK_WIDTH);
    quantize_group(in, codes + g * rk_group, scales + g, sums + g);
  }
}

static void rms_norm_quantize(const float *x, const float *w, size_t n, float epsilon, int8_t *codes,
                              float *scales, float *sums) {
  const float inverse = root_mean_square_inverse(x, n, epsilon);
  for (size_t g = 0; g < n / rk_group; g++) {
    rk_vf in[rk_group_vectors];
    for (int i = 0; i < rk_group_vectors; i++) {
      const size_t at = g * rk_group + (size_t)i * RK_WIDTH;
      in[i] = vload(x + at) * inverse * vload(w + at);
    }
    quantize_group(in, codes + g * rk_group, scales + g, sums + g);
  }
}

static void silu_multiply_quantize(const float *gate, const float *up, size_t n, int8_t *codes, float *scales,
                                   float *sums) {
  for (size_t g = 0; g < n / rk_group; g++) {
    rk_vf in[rk_group_vectors];
    for (int i = 0; i < rk_group_vectors; i++) {
      const size_t at = g * rk_group + (size_t)i * RK_WIDTH;
      in[i] = silu(vload(gate + at)) * vload(up + at);
    }
    quantize_group(in, codes + g * rk_group, scales + g, sums + g);
  }
}

/// f32 sums take so many terms a lane before they go to f64.
enum { rk_softmax_block = 64 };

static rk_softmax softmax(const float *x, size_t n) {
  rk_softmax found = {.largest = -INFINITY, .second = -INFINITY, .smallest = INFINITY};
  rk_vf best = vsplat(-INFINITY), second = best, least = vsplat(INFINITY);
  size_t i = 0;
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) {
    const rk_vf v = vload(x + i), lower = vmin(v, best);
    second = vmax(lower, second);
    best = vmax(v, best);
    least = vmin(v, least);
  }
  float lanes[3][RK_WIDTH];
  vstore(lanes[0], best);
  vstore(lanes[1], second);
  vstore(lanes[2], least);
  const size_t whole = i;
  for (size_t lane = 0; lane < 2 * RK_WIDTH + (n - whole); lane++) {
    const float value = lane < 2 * RK_WIDTH ? lanes[lane / RK_WIDTH][lane % RK_WIDTH] : x[whole + lane - 2 * RK_WIDTH];
    if (value > found.largest) {
      found.second = found.largest;
      found.largest = value;
    } else if (value > found.second) {
      found.second = value;
    }
  }
  for (int lane = 0; lane < RK_WIDTH; lane++) found.smallest = fminf(found.smallest, lanes[2][lane]);
  for (size_t k = whole; k < n; k++) found.smallest = fminf(found.smallest, x[k]);
  if (n == 1) found.second = found.largest;
  const rk_vf top = vsplat(found.largest);
  for (i = 0; i < whole;) {
    const size_t end = i + rk_softmax_block * RK_WIDTH < whole ? i + rk_softmax_block * RK_WIDTH : whole;
    rk_vf partition = vsplat(0), weighted = partition;
    for (; i < end; i += RK_WIDTH) {
      const rk_vf difference = vload(x + i) - top, e = vexp(difference);
      partition += e;
      weighted += e * difference;
    }
    found.partition += vsum(partition);
    found.weighted += vsum(weighted);
  }
  for (; i < n; i++) {
    const double difference = (double)x[i] - found.largest;
    found.partition += exp(difference);
    found.weighted += difference * exp(difference);
  }
  return found;
}
