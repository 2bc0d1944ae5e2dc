// Baseline instructions: what x86-64 and arm64 always have. Scores are added up by two partial sums as in
// src/kernel/packed.ts: same bits.

#include "operations.h"

namespace {

#define TARGET
#include "packed.h"

/** a.b by two partial sums, s0 + s1; `length` is a multiple of 2. */
double pairDot(const double* a, const double* b, int length) {
  Two s = {0, 0};
  for (int i = 0; i < length; i += 2) s += two(a + i) * two(b + i);
  return s[0] + s[1];
}

/** Four at a time: each number of the vector is read once, and no sum waits for another. */
void pairDots(const double* const* arms, const double* b, int length, double* sums) {
  Two s0 = {0, 0};
  Two s1 = {0, 0};
  Two s2 = {0, 0};
  Two s3 = {0, 0};
  for (int i = 0; i < length; i += 2) {
    const Two v = two(b + i);
    s0 += two(arms[0] + i) * v;
    s1 += two(arms[1] + i) * v;
    s2 += two(arms[2] + i) * v;
    s3 += two(arms[3] + i) * v;
  }
  sums[0] = s0[0] + s0[1];
  sums[1] = s1[0] + s1[1];
  sums[2] = s2[0] + s2[1];
  sums[3] = s3[0] + s3[1];
}

void dots(const double* const* arms, int count, const double* vectors, int contexts, int length, double* sums,
          const double* const*) {
  for (int index = 0; index < contexts; index++) {
    const double* vector = vectors + static_cast<long>(index) * length;
    double* out = sums + index * kArmsMax;
    if (count == kArmsMax) pairDots(arms, vector, length, out);
    else
      for (int k = 0; k < count; k++) out[k] = pairDot(arms[k], vector, length);
  }
}

double quadraticByRows(const double* r, const double* x, int d) {
  double sum = 0;
  for (int i = 0; i < d; i++) {
    const int rest = d - i - 1;
    const double odd = rest & 1 ? r[rest] * x[i + rest] : 0;
    const double row = pairDot(r + 1, x + i + 1, rest & ~1) + odd;
    sum += x[i] * (r[0] * x[i] + 2 * row);
    r += rest + 1;
  }
  return sum;
}

void quadratics(const double* const* arms, int count, const double* vectors, int contexts, int stride, int d,
                double* sums) {
  for (int k = 0; k < count; k++)
    for (int index = 0; index < contexts; index++)
      sums[index * kArmsMax + k] = quadraticByRows(arms[k], vectors + static_cast<long>(index) * stride, d);
}

}  // namespace

const Operations portableOperations = {symmetricTimesVector, dot,  scaleAll,   scaleAndAdd,  rankOne, rebuildInverse,
                                       products,             dots, quadratics, largestRowSum};
