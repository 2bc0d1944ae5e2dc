#include <cmath>
#include <limits>

#include "kernel.h"

namespace {

constexpr double kVarianceMin = 1e-12;
constexpr double kDivisorMin = 1.0 / 200.0;
constexpr double kAgeMax = 1000;
/** Upper bounds are raised by this share: it covers what rounding, fused or not, moves a sum by. */
constexpr double kSlack = 1 + 1e-9;

/** Math.max and Math.min: NaN when one is. */
inline double larger(double a, double b) { return a >= b || a != a ? a : b; }
inline double smaller(double a, double b) { return a <= b || a != a ? a : b; }

/** An arm's idle age as an index of the tables of ages; `arm` is where its cells are. */
inline uint32_t idleAge(const Arena& arena, const double* arm, double now) {
  const double lastSeen = larger(arm[arena.at[Arena::lastUpdate]], arm[arena.at[Arena::lastPlay]]);
  return Arena::toIndex(smaller(larger(now - lastSeen, 0), kAgeMax));
}

/** What one request asks of all candidates. */
struct Request {
  int index;
  double alpha;
  double penaltyWeight;
  double now;
};

/** Writes one score; variance is x^T A^-1 x before inflation. */
inline double writeScore(const Arena& arena, const Request& request, int position, double variance) {
  double* list = arena.cells(position);
  const double* arm = arena.cells(Arena::toIndex(list[arena.at[Arena::candidate]]));
  const double power = arena.scratch(Arena::gammaPower)[idleAge(arena, arm, request.now)];
  const double bonus = request.alpha * std::sqrt(larger(variance / larger(power, kDivisorMin), kVarianceMin));
  const double penalty = request.penaltyWeight * list[arena.at[Arena::penalty]];
  const double score = list[arena.listSection(Arena::mean, request.index)] + bonus - penalty;
  list[arena.at[Arena::score]] = score;
  return score;
}

/** Square root of a number that no eigenvalue of |A^-1| exceeds, kept until A^-1 changes. */
double takeBound(const Kernel& kernel, uint32_t slot) {
  const Arena& arena = kernel.arena;
  const double* inverse = arena.run(Arena::inverse, arena.pp(), slot);
  const double root = std::sqrt(kernel.operations->largestRowSum(inverse, arena.scratch(Arena::row), arena.d()));
  arena.cell(Arena::bound, slot) = root;
  return root;
}

/** Upper bounds as scores; returns the position of the highest. */
int writeUpperBounds(const Kernel& kernel, const Request& request, int count) {
  const Arena& arena = kernel.arena;
  const double* x = arena.contextAt(request.index);
  // Rounding is monotonic: with alpha and the rest applied as in `writeScore`, a score stays under its bound to the bit.
  const double reach = std::sqrt(kernel.operations->dot(x, x, arena.dp())) * kSlack;
  const double floor = std::sqrt(kVarianceMin) * kSlack;
  const size_t means = arena.listSection(Arena::mean, request.index);
  int first = 0;
  double highest = -std::numeric_limits<double>::infinity();
  for (int position = 0; position < count; position++) {
    double* list = arena.cells(position);
    const uint32_t slot = Arena::toIndex(list[arena.at[Arena::candidate]]);
    const double* arm = arena.cells(slot);
    double root = arm[arena.at[Arena::bound]];
    if (root == 0) root = takeBound(kernel, slot);
    const double spread = arena.scratch(Arena::spread)[idleAge(arena, arm, request.now)];
    const double bonus = request.alpha * larger(reach * root * spread, floor);
    const double upper = list[means] + bonus - request.penaltyWeight * list[arena.at[Arena::penalty]];
    list[arena.at[Arena::score]] = upper;
    if (upper > highest) {
      highest = upper;
      first = position;
    }
  }
  return first;
}

/** Candidates that are evaluated together, one of them alone as well. */
struct Group {
  int positions[kArmsMax];
  int count = 0;
};

/** Writes the exact scores of a group, empties it, and returns the best of them and `best`. */
double evaluate(const Kernel& kernel, const Request& request, Group& group, double best) {
  const Arena& arena = kernel.arena;
  uint32_t slots[kArmsMax];
  double sums[kArmsMax];
  for (int k = 0; k < group.count; k++) slots[k] = arena.slotAt(group.positions[k]);
  quadraticForms(kernel, slots, group.count, request.index, 1, sums, nullptr);
  for (int k = 0; k < group.count; k++) {
    const double score = writeScore(arena, request, group.positions[k], sums[k]);
    if (score > best) best = score;
  }
  group.count = 0;
  return best;
}

}  // namespace

void combine(const Kernel& kernel, int index, int count, double alpha, double penaltyWeight, double now) {
  const Arena& arena = kernel.arena;
  const Request request = {index, alpha, penaltyWeight, now};
  const size_t variances = arena.listSection(Arena::variance, index);
  for (int position = 0; position < count; position++)
    writeScore(arena, request, position, arena.cells(position)[variances]);
}

int prune(const Kernel& kernel, int index, int count, double alpha, double penaltyWeight, double now) {
  const Arena& arena = kernel.arena;
  const Request request = {index, alpha, penaltyWeight, now};
  const int first = writeUpperBounds(kernel, request, count);
  if (arena.zp() > 0) kernel.operations->products(arena.contextAt(index), arena.productsAt(index), arena.d());
  Group group;
  group.positions[group.count++] = first;
  double best = evaluate(kernel, request, group, -std::numeric_limits<double>::infinity());
  // What cannot be compared stays the best, as it does one by one.
  const double firstScore = arena.cell(Arena::score, first);
  if (firstScore != firstScore) best = firstScore;
  int evaluated = 1;
  for (int position = 0; position < count; position++) {
    // Not `>=`: whatever cannot be compared is evaluated.
    if (position == first || arena.cell(Arena::score, position) < best) continue;
    group.positions[group.count++] = position;
    evaluated++;
    if (group.count == kArmsMax) best = evaluate(kernel, request, group, best);
  }
  if (group.count > 0) evaluate(kernel, request, group, best);
  return evaluated;
}

int argmax(const Kernel& kernel, int count, uint32_t tieBreak) {
  const Arena& arena = kernel.arena;
  double best = -std::numeric_limits<double>::infinity();
  uint32_t ties = 0;
  int first = 0;
  for (int position = 0; position < count; position++) {
    const double score = arena.cell(Arena::score, position);
    if (score > best) {
      best = score;
      ties = 1;
      first = position;
    } else if (score == best) ties++;
  }
  if (ties <= 1) return first;
  uint32_t skip = tieBreak % ties;
  int position = first;
  while (skip > 0) {
    position++;
    if (arena.cell(Arena::score, position) == best) skip--;
  }
  return position;
}
