// Linear algebra on packed upper triangles, operation for operation what src/kernel/packed.ts does: same bits.
// Included once by the file of each instruction set, inside its namespace, after TARGET is defined: vectors of four are
// registers of four, or pairs of two, as the target has them. The four lanes are the four partial sums.
// Legend: d dimension, r row i from its diagonal element on, rest the number of elements after it.

#define INLINE TARGET __attribute__((always_inline)) static inline

typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));
typedef double Two __attribute__((vector_size(16), aligned(8), may_alias));

/** A pivot smaller than this share of the largest diagonal entry is lifted to it. */
constexpr double kPivotShareMin = 1e-13;

INLINE const Four& four(const double* at) { return *reinterpret_cast<const Four*>(at); }
INLINE Four& four(double* at) { return *reinterpret_cast<Four*>(at); }
INLINE const Two& two(const double* at) { return *reinterpret_cast<const Two*>(at); }
INLINE Two& two(double* at) { return *reinterpret_cast<Two*>(at); }

/** Math.max: the larger, and NaN when one is. */
INLINE double larger(double a, double b) { return a >= b || a != a ? a : b; }

TARGET static double dot(const double* a, const double* b, int length) {
  Four s = {0, 0, 0, 0};
  for (int i = 0; i < length; i += 4) s += four(a + i) * four(b + i);
  return (s[0] + s[2]) + (s[1] + s[3]);
}

/** `dot` over any `length`: the four-way part first, then the rest one by one. */
INLINE double dotAny(const double* a, const double* b, int length) {
  const int even = length & ~3;
  double tail = 0;
  for (int i = even; i < length; i++) tail += a[i] * b[i];
  return dot(a, b, even) + tail;
}

/** y += scale x over up to 3 numbers. */
INLINE void addTail(double* y, double scale, const double* x, int length) {
  if (length & 2) {
    two(y) += scale * two(x);
    y += 2;
    x += 2;
  }
  if (length & 1) y[0] += scale * x[0];
}

/** y += scale x. */
INLINE void addScaled(double* y, double scale, const double* x, int length) {
  int i = 0;
  for (; i + 4 <= length; i += 4) four(y + i) += scale * four(x + i);
  addTail(y + i, scale, x + i, length - i);
}

TARGET static void scaleAll(double* m, double scale, int length) {
  int i = 0;
  for (; i + 4 <= length; i += 4) four(m + i) *= scale;
  for (; i < length; i++) m[i] *= scale;
}

TARGET static void scaleAndAdd(double* m, double scale, double weight, const double* v, int length) {
  int i = 0;
  for (; i + 4 <= length; i += 4) four(m + i) = four(m + i) * scale + weight * four(v + i);
  for (; i < length; i++) m[i] = m[i] * scale + weight * v[i];
}

/** What is left of `symmetricTimesVector` from row `i` on: its own rows one by one. `m` is row i. */
INLINE void remainingRows(const double* m, const double* x, double* out, int i, int d) {
  for (; i < d; i++) {
    const int rest = d - i - 1;
    const double row = dotAny(m + 1, x + i + 1, rest);
    addScaled(out + i + 1, x[i], m + 1, rest);
    out[i] += m[0] * x[i] + row;
    m += rest + 1;
  }
}

/** The diagonal's product, and a row's dot product: its sums so far, and the last `left` (0 to 6) of its entries. */
INLINE double finishRow(const double* r, const double* x, Four s, int left, double diagonal) {
  if (left >= 4) {
    s += four(r) * four(x);
    r += 4;
    x += 4;
    left -= 4;
  }
  double tail = 0;
  if (left > 0) tail += r[0] * x[0];
  if (left > 1) tail += r[1] * x[1];
  if (left > 2) tail += r[2] * x[2];
  return diagonal + (((s[0] + s[2]) + (s[1] + s[3])) + tail);
}

/**
 * Four rows at a time: what they add to `out` behind them is added by aligned runs, in the order of the rows. Row by
 * row each would load `out` one number further on than the last has stored it, and wait until that is in the cache. `out` has room for a multiple of four
 * numbers.
 */
TARGET static void symmetricTimesVector(const double* m, const double* x, double* out, int d) {
  const Four zero = {};
  // The first four rows start the runs behind them at zero; here that is done for their own columns and the last ones.
  four(out) = zero;
  four(out + ((d - 1) & ~3)) = zero;
  int i = 0;
  for (; i + 4 <= d; i += 4) {
    // r[k][j] is the entry at row i + k and column j.
    const double* r[4];
    r[0] = m - i;
    for (int k = 1; k < 4; k++) r[k] = r[k - 1] + (d - i - k);
    m = r[3] + d;
    Four s0 = {};
    Four s1 = {};
    Four s2 = {};
    Four s3 = {};
    int j = i + 4;
    for (; j + 4 <= d; j += 4) {
      const Four last = four(r[3] + j);
      Four sum = i == 0 ? zero : four(out + j);
      sum += x[i] * four(r[0] + j);
      sum += x[i + 1] * four(r[1] + j);
      sum += x[i + 2] * four(r[2] + j);
      sum += x[i + 3] * last;
      four(out + j) = sum;
      // Row i + k is multiplied with x by fours from its own first column behind the diagonal on.
      s0 += four(r[0] + j - 3) * four(x + j - 3);
      s1 += four(r[1] + j - 2) * four(x + j - 2);
      s2 += four(r[2] + j - 1) * four(x + j - 1);
      s3 += last * four(x + j);
    }
    out[i] += finishRow(r[0] + j - 3, x + j - 3, s0, d - j + 3, r[0][i] * x[i]);
    addTail(out + i + 1, x[i], r[0] + i + 1, 3);
    addTail(out + j, x[i], r[0] + j, d - j);
    out[i + 1] += finishRow(r[1] + j - 2, x + j - 2, s1, d - j + 2, r[1][i + 1] * x[i + 1]);
    addTail(out + i + 2, x[i + 1], r[1] + i + 2, 2);
    addTail(out + j, x[i + 1], r[1] + j, d - j);
    out[i + 2] += finishRow(r[2] + j - 1, x + j - 1, s2, d - j + 1, r[2][i + 2] * x[i + 2]);
    out[i + 3] += x[i + 2] * r[2][i + 3];
    addTail(out + j, x[i + 2], r[2] + j, d - j);
    out[i + 3] += finishRow(r[3] + j, x + j, s3, d - j, r[3][i + 3] * x[i + 3]);
    addTail(out + j, x[i + 3], r[3] + j, d - j);
  }
  remainingRows(m, x, out, i, d);
}

TARGET static bool rankOne(double* inverse, double inverseScale, double gain, const double* u, double* precision,
                           double decay, const double* x, int d) {
  bool positive = true;
  for (int i = 0; i < d; i++) {
    // Subtracting ui * u is adding -ui * u: a product's sign is exact.
    const double ui = -(u[i] * gain);
    const double xi = x[i];
    const double* v = u + i;
    const double* w = x + i;
    const int length = d - i;
    int j = 0;
    for (; j + 4 <= length; j += 4) {
      four(inverse + j) = four(inverse + j) * inverseScale + ui * four(v + j);
      four(precision + j) = four(precision + j) * decay + xi * four(w + j);
    }
    if (length & 2) {
      two(inverse + j) = two(inverse + j) * inverseScale + ui * two(v + j);
      two(precision + j) = two(precision + j) * decay + xi * two(w + j);
      j += 2;
    }
    if (length & 1) {
      inverse[j] = inverse[j] * inverseScale + ui * v[j];
      precision[j] = precision[j] * decay + xi * w[j];
    }
    positive = positive && inverse[0] > 0;
    inverse += length;
    precision += length;
  }
  return positive;
}

/** Cholesky: the triangle of A becomes U with A = U^T U. */
TARGET static void factor(double* m, int d) {
  double largest = 0;
  for (int i = 0, k = 0; i < d; k += d - i, i++) largest = larger(largest, m[k]);
  const double smallestPivot = largest * kPivotShareMin;
  double* r = m;
  for (int i = 0; i < d; i++) {
    const int rest = d - i - 1;
    if (!(r[0] > smallestPivot)) {
      r[0] = smallestPivot;
      for (int j = 1; j <= rest; j++) r[j] = 0;
    }
    const double pivot = __builtin_sqrt(r[0]);
    r[0] = pivot;
    for (int j = 1; j <= rest; j++) r[j] /= pivot;
    double* below = r + rest + 1;
    for (int j = 1; j <= rest; j++) {
      addScaled(below, -r[j], r + j, rest - j + 1);
      below += rest - j + 1;
    }
    r += rest + 1;
  }
}

/** The triangle of U becomes that of W = U^-1, from the last row up: W_i = -(sum_k U_ik W_k) / U_ii. */
TARGET static void invertFactor(double* m, double* row, int d) {
  double* r = m + d * (d + 1) / 2;
  for (int i = d - 1; i >= 0; i--) {
    const int rest = d - i - 1;
    r -= rest + 1;
    const double diagonal = 1 / r[0];
    for (int j = 1; j <= rest; j++) {
      row[j] = r[j];
      r[j] = 0;
    }
    const double* below = r + rest + 1;
    for (int j = 1; j <= rest; j++) {
      addScaled(r + j, row[j], below, rest - j + 1);
      below += rest - j + 1;
    }
    for (int j = 1; j <= rest; j++) r[j] *= -diagonal;
    r[0] = diagonal;
  }
}

/** The triangle of W becomes that of W W^T: entry (i, j) needs both rows from column j on, which are still unspoilt. */
TARGET static void multiplyByTranspose(double* m, int d) {
  double* r = m;
  for (int i = 0; i < d; i++) {
    const double* other = r;
    for (int j = i; j < d; j++) {
      r[j - i] = dotAny(r + j - i, other, d - j);
      other += d - j;
    }
    r += d - i;
  }
}

TARGET static void rebuildInverse(const double* precision, double* inverse, double* row, int d) {
  for (int k = 0; k < d * (d + 1) / 2; k++) inverse[k] = precision[k];
  factor(inverse, d);
  invertFactor(inverse, row, d);
  multiplyByTranspose(inverse, d);
}

TARGET static double largestRowSum(const double* m, double* sums, int d) {
  for (int i = 0; i < d; i++) sums[i] = 0;
  double largest = 0;
  for (int i = 0; i < d; i++) {
    double sum = sums[i] + __builtin_fabs(*m++);
    for (int j = i + 1; j < d; j++) {
      const double magnitude = __builtin_fabs(*m++);
      sum += magnitude;
      sums[j] += magnitude;
    }
    largest = larger(largest, sum);
  }
  return largest;
}

/** Rows are written by fours; what a row writes too much, the next one overwrites. The last rows leave the pad alone. */
TARGET static void products(const double* x, double* z, int d) {
  int i = 0;
  for (; i + 4 < d; i++) {
    const double twice = 2 * x[i];
    const int length = d - i;
    for (int j = 0; j < length; j += 4) four(z + j) = twice * four(x + i + j);
    z[0] = x[i] * x[i];
    z += length;
  }
  for (; i < d; i++) {
    *z++ = x[i] * x[i];
    for (int j = i + 1; j < d; j++) *z++ = 2 * x[i] * x[j];
  }
}
