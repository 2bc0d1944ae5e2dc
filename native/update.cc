#include "kernel.h"

namespace {

constexpr double kAgeMax = 1000;
/** When the share of lambda0 I left after decay falls under this, the regularization is restored. */
constexpr double kRidgeFloor = 0.1;
/** A rank-one update whose x^T A^-1 x is larger would cancel too many digits of A^-1: it is rebuilt then. */
constexpr double kQuadraticMax = 1e6;

/** One of an arm's design matrices; theta and response hold its heads' vectors, one after the other. */
struct Design {
  int heads;
  double& lastUpdate;
  double& ridge;
  double* theta;
  double* inverse;
  double* precision;
  double* response;
};

/** The one of rewards (1 head) or of settlements (2). */
Design designOf(const Arena& arena, uint32_t slot, int heads) {
  const int vectors = heads * arena.dp();
  if (heads == 1) {
    return {heads,
            arena.cell(Arena::lastUpdate, slot),
            arena.cell(Arena::ridge, slot),
            arena.run(Arena::theta, vectors, slot),
            arena.run(Arena::inverse, arena.pp(), slot),
            arena.run(Arena::precision, arena.pp(), slot),
            arena.run(Arena::response, vectors, slot)};
  }
  return {heads,
          arena.cell(Arena::settledUpdate, slot),
          arena.cell(Arena::settledRidge, slot),
          arena.run(Arena::headTheta, vectors, slot),
          arena.run(Arena::settledInverse, arena.pp(), slot),
          arena.run(Arena::settledPrecision, arena.pp(), slot),
          arena.run(Arena::headResponse, vectors, slot)};
}

void rebuildDesign(const Kernel& kernel, const Design& design) {
  const Arena& arena = kernel.arena;
  kernel.operations->rebuildInverse(design.precision, design.inverse, arena.scratch(Arena::row), arena.d());
  for (int head = 0; head < design.heads; head++) {
    const int offset = head * arena.dp();
    kernel.operations->symmetricTimesVector(design.inverse, design.response + offset, design.theta + offset, arena.d());
  }
}

/** Ages the ridge share; returns the decay that A and b still have to take: 1 once the floor has restored them. */
double forget(const Kernel& kernel, const Design& design, double now) {
  const Arena& arena = kernel.arena;
  const Operations& operations = *kernel.operations;
  const double lambda0 = arena.scratch(Arena::params)[0];
  double age = now - design.lastUpdate;
  if (age < 0) age = 0;
  if (age > kAgeMax) age = kAgeMax;
  const double decay = arena.scratch(Arena::gammaPower)[Arena::toIndex(age)];
  const double left = design.ridge * decay;
  if (left >= kRidgeFloor * lambda0) {
    design.ridge = left;
    return decay;
  }
  operations.scaleAll(design.precision, decay, arena.triangle());
  operations.scaleAll(design.response, decay, design.heads * arena.dp());
  double* diagonal = design.precision;
  for (int rest = arena.d(); rest > 0; rest--) {
    *diagonal += lambda0 - left;
    diagonal += rest;
  }
  design.ridge = lambda0;
  rebuildDesign(kernel, design);
  return 1;
}

/** Teaches a head; u is what A^-1 made of x, after decay. NaN teaches it what it predicts. */
void teach(const Kernel& kernel, double* theta, double* response, double target, const double* u, double gain,
           double decay) {
  const int d = kernel.arena.d();
  const double* x = kernel.arena.contextAt(0);
  const double predicted = kernel.operations->dot(theta, x, kernel.arena.dp());
  const double taught = target != target ? predicted : target;
  const double error = taught - predicted;
  // theta + (u gain) error: the product with the gain comes first.
  for (int i = 0; i < d; i++) theta[i] += u[i] * gain * error;
  kernel.operations->scaleAndAdd(response, decay, taught, x, d);
}

}  // namespace

void update(const Kernel& kernel, uint32_t slot, int heads, double first, double second, double now) {
  const Arena& arena = kernel.arena;
  const Operations& operations = *kernel.operations;
  const Design design = designOf(arena, slot, heads);
  const int d = arena.d();
  const double* x = arena.contextAt(0);
  double* u = arena.scratch(Arena::image);

  const double decay = forget(kernel, design, now);
  const double inverseScale = 1 / decay;
  operations.symmetricTimesVector(design.inverse, x, u, d);
  const double quadratic = operations.dot(u, x, arena.dp()) * inverseScale;
  bool trusted = quadratic >= 0 && quadratic <= kQuadraticMax;
  const double gain = 1 / (1 + quadratic);
  operations.scaleAll(u, inverseScale, d);
  trusted = operations.rankOne(design.inverse, inverseScale, gain, u, design.precision, decay, x, d) && trusted;
  teach(kernel, design.theta, design.response, first, u, gain, decay);
  if (heads == 2) teach(kernel, design.theta + arena.dp(), design.response + arena.dp(), second, u, gain, decay);
  design.lastUpdate = now;
  if (heads == 1) arena.cell(Arena::bound, slot) = 0;
  // A^-1 is positive definite in exact arithmetic. Where rounding has spoilt it, take it and theta from A and b.
  if (!trusted) rebuildDesign(kernel, design);
}

void rebuild(const Kernel& kernel, uint32_t slot, int heads) {
  rebuildDesign(kernel, designOf(kernel.arena, slot, heads));
  if (heads == 1) kernel.arena.cell(Arena::bound, slot) = 0;
}

void invertSystem(const Kernel& kernel, int size) {
  const Arena& arena = kernel.arena;
  kernel.operations->rebuildInverse(arena.scratch(Arena::system), arena.scratch(Arena::systemInverse),
                                    arena.scratch(Arena::row), size);
}
