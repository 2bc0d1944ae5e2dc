// What every instruction set does in its own way. Runs are of doubles.
#pragma once

/** Contexts that one pass over the arms can serve. */
inline constexpr int kContextsMax = 4;
/** Arms whose dot products are taken side by side. */
inline constexpr int kArmsMax = 4;

/**
 * The exact ones are operation for operation src/kernel/packed.ts: additions and multiplications in its order, none
 * fused, so that the statistics have the same bits on every kernel. Scoring ones may fuse and add in an order of
 * their own, but one that does not depend on how arms and contexts are grouped: a score is the same however it is asked
 * for.
 */
struct Operations {
  /** Exact: out = M x for a packed triangle M of dimension d. */
  void (*symmetricTimesVector)(const double* m, const double* x, double* out, int d);
  /** Exact: a.b by four partial sums; `length` is a multiple of 4. */
  double (*dot)(const double* a, const double* b, int length);
  /** Exact: m *= scale. */
  void (*scaleAll)(double* m, double scale, int length);
  /** Exact: m = m scale + weight v. */
  void (*scaleAndAdd)(double* m, double scale, double weight, const double* v, int length);
  /**
   * Exact: the rank-one part of an update. A^-1 = A^-1 inverseScale - gain u u^T, A = A decay + x x^T.
   * @returns whether A^-1 still has a positive diagonal
   */
  bool (*rankOne)(double* inverse, double inverseScale, double gain, const double* u, double* precision, double decay,
                  const double* x, int d);
  /** Exact: inverse = precision^-1 by Cholesky; `row` is scratch for d numbers. */
  void (*rebuildInverse)(const double* precision, double* inverse, double* row, int d);

  /** z of a context: x_i^2 on the diagonal, 2 x_i x_j off it. */
  void (*products)(const double* x, double* z, int d);
  /**
   * sums[index * kArmsMax + k] = arms[k].vectors[index] for `count` arms (1 to kArmsMax) and each context; vectors lie
   * `length` apart, a multiple of 4. `ahead`: runs that are wanted next, to be fetched meanwhile, or null.
   */
  void (*dots)(const double* const* arms, int count, const double* vectors, int contexts, int length, double* sums,
               const double* const* ahead);
  /** As `dots`, the quadratic forms of packed triangles: sum_i x_i (m_ii x_i + 2 sum_(j>i) m_ij x_j). */
  void (*quadratics)(const double* const* arms, int count, const double* vectors, int contexts, int stride, int d,
                     double* sums);
  /** The largest sum of magnitudes in a row of a packed triangle, the same bits as in JavaScript; `sums` is scratch. */
  double (*largestRowSum)(const double* m, double* sums, int d);
};

/** Baseline instructions of any machine; scores, too, have the bits of the JavaScript kernel. */
extern const Operations portableOperations;

/** AVX2 and fused multiply-add where this machine has them, else null. */
const Operations* avx2Operations();
