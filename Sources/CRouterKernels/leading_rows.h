// Which of many approximate products are the largest. The including file has included vector.h, or is the scalar
// reference, whose vectors are plain floats.

/// The largest number that at least `wanted` of `n` numbers reach, nearly: its place is halved so often.
enum { rk_bracket_steps = 14 };

#if defined(RK_WIDTH)

static inline size_t count_reaching(const float *x, size_t n, float threshold) {
  const rk_vf least = vsplat(threshold);
  rk_vi counts = {0};
  size_t i = 0;
  // A comparison gives -1 in each lane where it holds.
  for (; i + RK_WIDTH <= n; i += RK_WIDTH) counts -= (rk_vi)(vload(x + i) >= least);
  size_t total = 0;
  for (int lane = 0; lane < RK_WIDTH; lane++) total += (size_t)counts[lane];
  for (; i < n; i++) total += x[i] >= threshold;
  return total;
}

static void add_tops(float *x, const float *y, size_t n, float *tops) {
  size_t i = 0;
  for (; i + rk_tile_rows <= n; i += rk_tile_rows) {
    rk_vf top = vload(x + i) + vload(y + i);
    vstore(x + i, top);
    for (size_t j = RK_WIDTH; j < rk_tile_rows; j += RK_WIDTH) {
      const rk_vf sum = vload(x + i + j) + vload(y + i + j);
      vstore(x + i + j, sum);
      top = vmax(sum, top);
    }
    tops[i / rk_tile_rows] = vlargest(top);
  }
  if (i < n) tops[i / rk_tile_rows] = -INFINITY;
  for (size_t r = i; r < n; r++) {
    x[r] += y[r];
    if (x[r] > tops[i / rk_tile_rows]) tops[i / rk_tile_rows] = x[r];
  }
}

#else

static size_t count_reaching(const float *x, size_t n, float threshold) {
  size_t total = 0;
  for (size_t i = 0; i < n; i++) total += x[i] >= threshold;
  return total;
}

static void add_tops(float *x, const float *y, size_t n, float *tops) {
  for (size_t i = 0; i < n; i++) {
    float *top = tops + i / rk_tile_rows;
    x[i] += y[i];
    if (i % rk_tile_rows == 0 || x[i] > *top) *top = x[i];
  }
}

#endif

static size_t leading_rows(const float *x, size_t n, const float *tops, size_t wanted, uint32_t *rows) {
  const size_t blocks = (n + rk_tile_rows - 1) / rk_tile_rows;
  float low = INFINITY, high = -INFINITY;
  int finite = 1;
  for (size_t b = 0; b < blocks; b++) {
    low = tops[b] < low ? tops[b] : low;
    high = tops[b] > high ? tops[b] : high;
    finite &= tops[b] - tops[b] == 0;
  }
  size_t count = 0;
  if (!finite || wanted >= blocks) {
    for (; count < n; count++) rows[count] = (uint32_t)count;
    return n;
  }
  for (int step = 0; step < rk_bracket_steps; step++) {
    const float middle = low + (high - low) / 2;
    if (count_reaching(tops, blocks, middle) >= wanted)
      low = middle;
    else
      high = middle;
  }
  for (size_t b = 0; b < blocks; b++) {
    if (!(tops[b] >= low)) continue;
    const size_t end = (b + 1) * rk_tile_rows < n ? (b + 1) * rk_tile_rows : n;
    for (size_t r = b * rk_tile_rows; r < end; r++) {
      rows[count] = (uint32_t)r;
      count += x[r] >= low;
    }
  }
  return count;
}
