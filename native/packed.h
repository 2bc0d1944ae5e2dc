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

/** y += scale x. */
INLINE void addScaled(double* y, double scale, const double* x, int length) {
  int i = 0;
  for (; i + 4 <= length; i += 4) four(y + i) += scale * four(x + i);
  if (length & 2) {
    two(y + i) += scale * two(x + i);
    i += 2;
  }
  if (length & 1) y[i] += scale * x[i];
}

TARGET static void scaleAll(double* m, double scale, int length) {
  int i = 0;
  for (; i + 4 <= length; i += 4) four(m + i) *= scale;
  for (; i < length; i++) m[i] *= scale;
}

INLINE void scaleAndAddInline(double* m, double scale, double weight, const double* v, int length) {
  int i = 0;
  for (; i + 4 <= length; i += 4) four(m + i) = four(m + i) * scale + weight * four(v + i);
  if (length & 2) {
    two(m + i) = two(m + i) * scale + weight * two(v + i);
    i += 2;
  }
  if (length & 1) m[i] = m[i] * scale + weight * v[i];
}

TARGET static void scaleAndAdd(double* m, double scale, double weight, const double* v, int length) {
  scaleAndAddInline(m, scale, weight, v, length);
}

TARGET static void symmetricTimesVector(const double* m, const double* x, double* out, int d) {
  for (int i = 0; i < d; i++) out[i] = 0;
  for (int i = 0; i < d; i++) {
    const int rest = d - i - 1;
    const double* r = m + 1;
    const double* v = x + i + 1;
    double* y = out + i + 1;
    const double xi = x[i];
    Four s = {0, 0, 0, 0};
    double tail = 0;
    int j = 0;
    for (; j + 4 <= rest; j += 4) {
      const Four entries = four(r + j);
      s += entries * four(v + j);
      four(y + j) += xi * entries;
    }
    for (; j < rest; j++) {
      tail += r[j] * v[j];
      y[j] += xi * r[j];
    }
    out[i] += m[0] * xi + (((s[0] + s[2]) + (s[1] + s[3])) + tail);
    m += rest + 1;
  }
}

TARGET static bool rankOne(double* inverse, double inverseScale, double gain, const double* u, double* precision,
                           double decay, const double* x, int d) {
  bool positive = true;
  for (int i = 0; i < d; i++) {
    // Subtracting ui * u is adding -ui * u: a product's sign is exact.
    const double ui = u[i] * gain;
    scaleAndAddInline(inverse, inverseScale, -ui, u + i, d - i);
    scaleAndAddInline(precision, decay, x[i], x + i, d - i);
    positive = positive && inverse[0] > 0;
    inverse += d - i;
    precision += d - i;
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

TARGET static void products(const double* x, double* z, int d) {
  for (int i = 0; i < d; i++) {
    *z++ = x[i] * x[i];
    const double twice = 2 * x[i];
    const int rest = d - i - 1;
    const double* v = x + i + 1;
    int j = 0;
    for (; j + 4 <= rest; j += 4) four(z + j) = twice * four(v + j);
    for (; j < rest; j++) z[j] = twice * v[j];
    z += rest;
  }
}
