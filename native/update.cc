#include "kernel.h"

namespace {

constexpr double kAgeMax = 1000;
/** When the share of lambda0 I left after decay falls under this, the regularization is restored. */
constexpr double kRidgeFloor = 0.1;
/** A rank-one update whose x^T A^-1 x is larger would cancel too many digits of A^-1: it is rebuilt then. */
constexpr double kQuadraticMax = 1e6;

/** Ages the ridge share; returns the decay that A and b still have to take: 1 once the floor has restored them. */
double forget(const Kernel& kernel, uint32_t slot, double now) {
  const Arena& arena = kernel.arena;
  const Operations& operations = *kernel.operations;
  double& ridge = arena.cell(Arena::ridge, slot);
  const double lambda0 = arena.scratch(Arena::params)[0];
  double age = now - arena.cell(Arena::lastUpdate, slot);
  if (age < 0) age = 0;
  if (age > kAgeMax) age = kAgeMax;
  const double decay = arena.scratch(Arena::gammaPower)[Arena::toIndex(age)];
  const double left = ridge * decay;
  if (left >= kRidgeFloor * lambda0) {
    ridge = left;
    return decay;
  }
  const int d = arena.d();
  double* precision = arena.run(Arena::precision, arena.pp(), slot);
  operations.scaleAll(precision, decay, arena.triangle());
  operations.scaleAll(arena.run(Arena::response, arena.dp(), slot), decay, d);
  for (int i = 0; i < d; i++) {
    *precision += lambda0 - left;
    precision += d - i;
  }
  ridge = lambda0;
  rebuild(kernel, slot);
  return 1;
}

}  // namespace

void update(const Kernel& kernel, uint32_t slot, double reward, double now) {
  const Arena& arena = kernel.arena;
  const Operations& operations = *kernel.operations;
  const int d = arena.d();
  const double* x = arena.contextAt(0);
  double* u = arena.scratch(Arena::image);
  double* theta = arena.run(Arena::theta, arena.dp(), slot);
  double* inverse = arena.run(Arena::inverse, arena.pp(), slot);
  double* precision = arena.run(Arena::precision, arena.pp(), slot);
  double* response = arena.run(Arena::response, arena.dp(), slot);

  const double decay = forget(kernel, slot, now);
  const double inverseScale = 1 / decay;
  operations.symmetricTimesVector(inverse, x, u, d);
  const double quadratic = operations.dot(u, x, arena.dp()) * inverseScale;
  bool trusted = quadratic >= 0 && quadratic <= kQuadraticMax;
  const double gain = 1 / (1 + quadratic);
  const double error = reward - operations.dot(theta, x, arena.dp());
  operations.scaleAll(u, inverseScale, d);
  trusted = operations.rankOne(inverse, inverseScale, gain, u, precision, decay, x, d) && trusted;
  // theta + (u gain) error: the product with the gain comes first.
  for (int i = 0; i < d; i++) theta[i] += u[i] * gain * error;
  operations.scaleAndAdd(response, decay, reward, x, d);
  arena.cell(Arena::lastUpdate, slot) = now;
  arena.cell(Arena::bound, slot) = 0;
  // A^-1 is positive definite in exact arithmetic. Where rounding has spoilt it, take it and theta from A and b.
  if (!trusted) rebuild(kernel, slot);
}

void rebuild(const Kernel& kernel, uint32_t slot) {
  const Arena& arena = kernel.arena;
  const Operations& operations = *kernel.operations;
  double* inverse = arena.run(Arena::inverse, arena.pp(), slot);
  operations.rebuildInverse(arena.run(Arena::precision, arena.pp(), slot), inverse, arena.scratch(Arena::row), arena.d());
  operations.symmetricTimesVector(inverse, arena.run(Arena::response, arena.dp(), slot),
                                  arena.run(Arena::theta, arena.dp(), slot), arena.d());
  arena.cell(Arena::bound, slot) = 0;
}
