// AVX2, and fused multiply-add where scores are added up. Chosen at run time: the rest of the addon runs anywhere.

#include "operations.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace {

// Without fma: what must have the same bits as in JavaScript cannot be fused by the compiler.
#define TARGET __attribute__((target("avx2")))
#include "packed.h"

#define FUSED __attribute__((target("avx2,fma")))
#define FUSED_INLINE FUSED __attribute__((always_inline)) static inline

/** Both partial sums of four, added in one order whatever stands around. */
FUSED_INLINE double sumOf(__m256d even, __m256d odd) {
  const __m256d s = _mm256_add_pd(even, odd);
  const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
  return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
}

/**
 * Dot products of ARMS runs with CONTEXTS vectors by eight partial sums each: 4 x 1 or 2 x 2 of them make eight chains of
 * additions, which is what two units of four cycles' latency take. AHEAD fetches the runs wanted next: one line
 * of the memory for each that is read.
 */
template <int ARMS, int CONTEXTS, bool AHEAD>
FUSED static void block(const double* const* arms, const double* vectors, int length, double* sums,
                        const double* const* ahead) {
  __m256d even[ARMS][CONTEXTS];
  __m256d odd[ARMS][CONTEXTS];
  for (int k = 0; k < ARMS; k++)
    for (int c = 0; c < CONTEXTS; c++) even[k][c] = odd[k][c] = _mm256_setzero_pd();
  int i = 0;
  for (; i + 8 <= length; i += 8) {
    __m256d v[CONTEXTS];
    __m256d w[CONTEXTS];
    for (int c = 0; c < CONTEXTS; c++) {
      v[c] = _mm256_loadu_pd(vectors + c * length + i);
      w[c] = _mm256_loadu_pd(vectors + c * length + i + 4);
    }
    for (int k = 0; k < ARMS; k++) {
      if (AHEAD) _mm_prefetch(reinterpret_cast<const char*>(ahead[k] + i), _MM_HINT_T0);
      const __m256d a = _mm256_loadu_pd(arms[k] + i);
      const __m256d b = _mm256_loadu_pd(arms[k] + i + 4);
      for (int c = 0; c < CONTEXTS; c++) {
        even[k][c] = _mm256_fmadd_pd(a, v[c], even[k][c]);
        odd[k][c] = _mm256_fmadd_pd(b, w[c], odd[k][c]);
      }
    }
  }
  if (i < length)
    for (int k = 0; k < ARMS; k++)
      for (int c = 0; c < CONTEXTS; c++)
        even[k][c] = _mm256_fmadd_pd(_mm256_loadu_pd(arms[k] + i), _mm256_loadu_pd(vectors + c * length + i), even[k][c]);
  for (int k = 0; k < ARMS; k++)
    for (int c = 0; c < CONTEXTS; c++) sums[c * kArmsMax + k] = sumOf(even[k][c], odd[k][c]);
}

template <int CONTEXTS, bool AHEAD>
FUSED static void blockOf(const double* const* arms, int count, const double* vectors, int length, double* sums,
                          const double* const* ahead) {
  // Two contexts at once leave registers for two arms.
  if (CONTEXTS == 2) {
    for (int k = 0; k + 2 <= count; k += 2)
      block<2, CONTEXTS, AHEAD>(arms + k, vectors, length, sums + k, ahead + k);
    if (count & 1) block<1, CONTEXTS, false>(arms + count - 1, vectors, length, sums + count - 1, ahead);
    return;
  }
  if (count == 4) block<4, CONTEXTS, AHEAD>(arms, vectors, length, sums, ahead);
  else if (count == 3) block<3, CONTEXTS, false>(arms, vectors, length, sums, ahead);
  else if (count == 2) block<2, CONTEXTS, false>(arms, vectors, length, sums, ahead);
  else block<1, CONTEXTS, false>(arms, vectors, length, sums, ahead);
}

FUSED void dots(const double* const* arms, int count, const double* vectors, int contexts, int length, double* sums,
                const double* const* ahead) {
  int index = 0;
  for (; index + 2 <= contexts; index += 2) {
    const double* pair = vectors + static_cast<long>(index) * length;
    if (ahead != nullptr && index == 0) blockOf<2, true>(arms, count, pair, length, sums, ahead);
    else blockOf<2, false>(arms, count, pair, length, sums + index * kArmsMax, arms);
  }
  if (index == contexts) return;
  const double* last = vectors + static_cast<long>(index) * length;
  if (ahead != nullptr && index == 0) blockOf<1, true>(arms, count, last, length, sums, ahead);
  else blockOf<1, false>(arms, count, last, length, sums + index * kArmsMax, arms);
}

/** Lanes of a row's last 1 to 3 elements. */
alignas(32) const long long kTails[4][4] = {{0, 0, 0, 0}, {-1, 0, 0, 0}, {-1, -1, 0, 0}, {-1, -1, -1, 0}};

/** Dot products of rows with x after the diagonal, `rest` numbers, lane by lane. */
template <int ARMS>
FUSED_INLINE void rowDots(const double* const* r, const double* v, int rest, __m256d* lanes) {
  __m256d even[ARMS];
  __m256d odd[ARMS];
  for (int k = 0; k < ARMS; k++) even[k] = odd[k] = _mm256_setzero_pd();
  int j = 0;
  for (; j + 8 <= rest; j += 8) {
    const __m256d v0 = _mm256_loadu_pd(v + j);
    const __m256d v1 = _mm256_loadu_pd(v + j + 4);
    for (int k = 0; k < ARMS; k++) {
      even[k] = _mm256_fmadd_pd(_mm256_loadu_pd(r[k] + 1 + j), v0, even[k]);
      odd[k] = _mm256_fmadd_pd(_mm256_loadu_pd(r[k] + 5 + j), v1, odd[k]);
    }
  }
  if (j + 4 <= rest) {
    const __m256d v0 = _mm256_loadu_pd(v + j);
    for (int k = 0; k < ARMS; k++) even[k] = _mm256_fmadd_pd(_mm256_loadu_pd(r[k] + 1 + j), v0, even[k]);
    j += 4;
  }
  if (j < rest) {
    const __m256i tail = _mm256_load_si256(reinterpret_cast<const __m256i*>(kTails[rest - j]));
    const __m256d v0 = _mm256_maskload_pd(v + j, tail);
    for (int k = 0; k < ARMS; k++) odd[k] = _mm256_fmadd_pd(_mm256_maskload_pd(r[k] + 1 + j, tail), v0, odd[k]);
  }
  for (int k = 0; k < ARMS; k++) lanes[k] = _mm256_add_pd(even[k], odd[k]);
}

/** Row by row for all contexts, so that a row is read from the memory once; lanes are added up at the very end. */
template <int ARMS>
FUSED static void rows(const double* const* arms, const double* vectors, int contexts, int stride, int d, double* sums) {
  const double* r[ARMS];
  __m256d total[kContextsMax][ARMS];
  double diagonal[kContextsMax][ARMS];
  for (int k = 0; k < ARMS; k++) {
    r[k] = arms[k];
    for (int c = 0; c < contexts; c++) {
      total[c][k] = _mm256_setzero_pd();
      diagonal[c][k] = 0;
    }
  }
  for (int i = 0; i < d; i++) {
    const int rest = d - i - 1;
    for (int c = 0; c < contexts; c++) {
      const double* x = vectors + c * stride + i;
      __m256d lanes[ARMS];
      rowDots<ARMS>(r, x + 1, rest, lanes);
      const __m256d twice = _mm256_set1_pd(2 * x[0]);
      for (int k = 0; k < ARMS; k++) {
        total[c][k] = _mm256_fmadd_pd(twice, lanes[k], total[c][k]);
        diagonal[c][k] += x[0] * x[0] * r[k][0];
      }
    }
    for (int k = 0; k < ARMS; k++) r[k] += rest + 1;
  }
  for (int c = 0; c < contexts; c++)
    for (int k = 0; k < ARMS; k++)
      sums[c * kArmsMax + k] = diagonal[c][k] + sumOf(total[c][k], _mm256_setzero_pd());
}

FUSED void quadratics(const double* const* arms, int count, const double* vectors, int contexts, int stride, int d,
                      double* sums) {
  if (count == 4) rows<4>(arms, vectors, contexts, stride, d, sums);
  else if (count == 3) rows<3>(arms, vectors, contexts, stride, d, sums);
  else if (count == 2) rows<2>(arms, vectors, contexts, stride, d, sums);
  else rows<1>(arms, vectors, contexts, stride, d, sums);
}

const Operations operations = {symmetricTimesVector, dot,  scaleAll,   scaleAndAdd,  rankOne, rebuildInverse,
                               products,             dots, quadratics, largestRowSum};

}  // namespace

const Operations* avx2Operations() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &operations : nullptr;
}

#else

const Operations* avx2Operations() { return nullptr; }

#endif
