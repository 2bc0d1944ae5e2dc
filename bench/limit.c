/* The practical limit of this machine: the same scoring and update, with nothing around them, in C with AVX2 and FMA.
 * Not shipped. bench/limit.ts compiles it (cc -O3 -mavx2 -mfma) and runs
 *     limit DIMENSION ARMS TIME_MS
 * which prints one JSON line each for `score` and `feedback`.
 *
 * score: z of the context (x_i^2 on the diagonal, 2 x_i x_j off it), then for four arms side by side theta.x and the
 * packed triangle of A^-1 times z; or row by row over x, where z leaves the cache: the faster of the two is printed.
 * Then the score of each arm and the argmax. feedback: decay, Sherman-Morrison, A, b and theta of one arm, picked at
 * random. Legend: d dimension, dp and pp d and d(d+1)/2 rounded up to 4, x context, z products, u A^-1 x.
 */
#define _POSIX_C_SOURCE 200809L
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONTEXTS = 4096, SAMPLES_MAX = 100000, AGES = 1001 };
#define GAMMA 0.9999

static int d, dp, pp, arms;
static double *contexts, *z, *u, *theta, *inverse, *precision, *response, *price, *score, *spread;
static int *age;
static volatile double sink;
static uint64_t state = 88172645463325252u;

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static double uniform(void) { return (double)(next_random() >> 11) / 9007199254740992.0; }

static double gaussian(void) { return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform()); }

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double *zeros(size_t count) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, 8 * count + 64) != 0) {
    fprintf(stderr, "no memory for %zu numbers\n", count);
    exit(1);
  }
  return memset(memory, 0, 8 * count + 64);
}

static double sum_lanes(__m256d v) {
  __m128d both = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(both, _mm_unpackhi_pd(both, both)));
}

/* out[k] += scale * (runs[k] . b) for the first n (a constant, 1 to 4) of four runs `stride` apart; any length. */
static inline __attribute__((always_inline)) void dots(int n, const double *a, size_t stride, const double *b,
                                                       int length, double scale, double *out) {
  __m256d s[4], t[4];
  for (int k = 0; k < n; k++) s[k] = t[k] = _mm256_setzero_pd();
  int i = 0;
  for (; i + 8 <= length; i += 8) {
    __m256d p = _mm256_loadu_pd(b + i), q = _mm256_loadu_pd(b + i + 4);
    for (int k = 0; k < n; k++) {
      s[k] = _mm256_fmadd_pd(_mm256_loadu_pd(a + (size_t)k * stride + i), p, s[k]);
      t[k] = _mm256_fmadd_pd(_mm256_loadu_pd(a + (size_t)k * stride + i + 4), q, t[k]);
    }
  }
  for (int k = 0; k < n; k++) {
    double sum = sum_lanes(_mm256_add_pd(s[k], t[k]));
    for (int j = i; j < length; j++) sum += a[(size_t)k * stride + j] * b[j];
    out[k] += scale * sum;
  }
}

static void some_dots(int n, const double *a, size_t stride, const double *b, int length, double scale, double *out) {
  if (n == 4) dots(4, a, stride, b, length, scale, out);
  else if (n == 3) dots(3, a, stride, b, length, scale, out);
  else if (n == 2) dots(2, a, stride, b, length, scale, out);
  else dots(1, a, stride, b, length, scale, out);
}

/* out[k] += x^T A^-1 x of n arms, row by row: x stays in the nearest cache. */
static void some_rows(int n, const double *m, const double *x, double *out) {
  for (int i = 0; i < d; i++) {
    double rows[4] = {0};
    some_dots(n, m + 1, (size_t)pp, x + i + 1, d - i - 1, 2, rows);
    for (int k = 0; k < n; k++) out[k] += x[i] * (m[(size_t)k * pp] * x[i] + rows[k]);
    m += d - i;
  }
}

static void write_products(const double *x) {
  double *to = z;
  for (int i = 0; i < d; i++) {
    *to++ = x[i] * x[i];
    for (int j = i + 1; j < d; j++) *to++ = 2 * x[i] * x[j];
  }
}

static double score_all(const double *x, int by_rows) {
  if (!by_rows) write_products(x);
  double best = -INFINITY;
  int chosen = 0;
  for (int a = 0; a < arms; a += 4) {
    double mean[4] = {0}, variance[4] = {0};
    int n = arms - a < 4 ? arms - a : 4;
    some_dots(n, theta + (size_t)a * dp, (size_t)dp, x, dp, 1, mean);
    if (by_rows) some_rows(n, inverse + (size_t)a * pp, x, variance);
    else some_dots(n, inverse + (size_t)a * pp, (size_t)pp, z, pp, 1, variance);
    for (int k = 0; k < n; k++) {
      double bonus = 0.05 * sqrt(fmax(variance[k] * spread[age[a + k]], 1e-12));
      double value = mean[k] + bonus - 0.3 * price[a + k];
      score[a + k] = value;
      if (value > best) {
        best = value;
        chosen = a + k;
      }
    }
  }
  return chosen;
}

/* u = M x for a packed symmetric M, each number read once. */
static void symmetric_times(const double *m, const double *x) {
  memset(u, 0, 8 * (size_t)dp);
  for (int i = 0; i < d; i++) {
    int rest = d - i - 1, j = 1;
    __m256d xi = _mm256_set1_pd(x[i]), sums = _mm256_setzero_pd();
    for (; j + 3 <= rest; j += 4) {
      __m256d row = _mm256_loadu_pd(m + j);
      sums = _mm256_fmadd_pd(row, _mm256_loadu_pd(x + i + j), sums);
      _mm256_storeu_pd(u + i + j, _mm256_fmadd_pd(row, xi, _mm256_loadu_pd(u + i + j)));
    }
    double sum = sum_lanes(sums);
    for (; j <= rest; j++) {
      sum += m[j] * x[i + j];
      u[i + j] += m[j] * x[i];
    }
    u[i] += m[0] * x[i] + sum;
    m += rest + 1;
  }
}

/* m = scale * m + weight * v */
static inline void scale_and_add(double *m, double scale, double weight, const double *v, int length) {
  __m256d s = _mm256_set1_pd(scale), w = _mm256_set1_pd(weight);
  int i = 0;
  for (; i + 4 <= length; i += 4)
    _mm256_storeu_pd(m + i, _mm256_fmadd_pd(w, _mm256_loadu_pd(v + i), _mm256_mul_pd(s, _mm256_loadu_pd(m + i))));
  for (; i < length; i++) m[i] = scale * m[i] + weight * v[i];
}

static double update(int a, const double *x, double reward) {
  double *m = inverse + (size_t)a * pp, *p = precision + (size_t)a * pp;
  double *t = theta + (size_t)a * dp, *b = response + (size_t)a * dp;
  double growth = 1 / GAMMA, quadratic = 0, predicted = 0;
  symmetric_times(m, x);
  for (int i = 0; i < d; i++) {
    u[i] *= growth;
    quadratic += u[i] * x[i];
    predicted += t[i] * x[i];
  }
  double gain = 1 / (1 + quadratic), error = reward - predicted;
  for (int i = 0; i < d; i++) {
    scale_and_add(m, growth, -gain * u[i], u + i, d - i);
    scale_and_add(p, GAMMA, x[i], x + i, d - i);
    t[i] += gain * u[i] * error;
    m += d - i;
    p += d - i;
  }
  scale_and_add(b, GAMMA, reward, x, d);
  return t[0];
}

static double operation(int kind, int index) {
  const double *x = contexts + (size_t)(index % CONTEXTS) * dp;
  if (kind < 2) return score_all(x, kind);
  return update((int)(next_random() % (uint64_t)arms), x, 0.5);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Median and 99th percentile of the means of batches of some 50 us; the first third of the time warms up. */
static void measure(int kind, double time_ns, double *p50, double *p99) {
  static double samples[SAMPLES_MAX];
  double multiplications = 0.5 * d * d * (kind == 2 ? 4 : arms);
  int batch = (int)fmax(1, fmin(64, 131072 / multiplications)), count = 0, index = 0;
  double started = now_ns();
  while (count < SAMPLES_MAX && (count < 4 || now_ns() - started < time_ns)) {
    double from = now_ns(), sum = 0;
    for (int i = 0; i < batch; i++) sum += operation(kind, index++);
    double to = now_ns();
    sink += sum;
    if (to - started > time_ns / 3) samples[count++] = (to - from) / batch;
  }
  qsort(samples, (size_t)count, sizeof *samples, ascending);
  *p50 = samples[count / 2];
  *p99 = samples[(int)(0.99 * (count - 1))];
}

static void fill(void) {
  size_t count = (size_t)arms;
  contexts = zeros((size_t)CONTEXTS * dp);
  z = zeros((size_t)pp);
  u = zeros((size_t)dp);
  theta = zeros(count * dp);
  response = zeros(count * dp);
  inverse = zeros(count * pp);
  precision = zeros(count * pp);
  price = zeros(count);
  score = zeros(count);
  spread = zeros(AGES);
  age = calloc(count, sizeof *age);
  for (int i = 0; i < AGES; i++) spread[i] = fmin(200, pow(0.997, -i));
  for (int c = 0; c < CONTEXTS; c++) {
    double *x = contexts + (size_t)c * dp;
    for (int i = 0; i < d - 1; i++) x[i] = gaussian();
    x[d - 1] = 1;
  }
  for (int a = 0; a < arms; a++) {
    price[a] = uniform();
    age[a] = (int)(next_random() % AGES);
    for (int i = 0; i < d; i++) theta[(size_t)a * dp + i] = 0.1 * gaussian();
    double *m = inverse + (size_t)a * pp, *p = precision + (size_t)a * pp;
    for (int i = 0; i < d; i++) {
      *m = 1 / 300.0;
      *p = 300;
      m += d - i;
      p += d - i;
    }
  }
}

static void print_row(const char *name, double p50, double p99) {
  printf("{\"name\":\"%s\",\"dimension\":%d,\"models\":%d,\"p50Ns\":%.2f,\"p99Ns\":%.2f}\n", name, d, arms, p50, p99);
}

int main(int argc, char **argv) {
  if (argc != 4 || (d = atoi(argv[1])) < 1 || (arms = atoi(argv[2])) < 1) {
    fprintf(stderr, "usage: limit DIMENSION ARMS TIME_MS\n");
    return 2;
  }
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    fprintf(stderr, "this processor has no AVX2 with FMA\n");
    return 3;
  }
  dp = (d + 3) & ~3;
  pp = (d * (d + 1) / 2 + 3) & ~3;
  double time_ns = 1e6 * atof(argv[3]), p50, p99, rows50, rows99;
  fill();
  measure(0, time_ns, &p50, &p99);
  measure(1, time_ns, &rows50, &rows99);
  print_row("score", fmin(p50, rows50), rows50 < p50 ? rows99 : p99);
  measure(2, time_ns, &p50, &p99);
  print_row("feedback", p50, p99);
  return 0;
}
