#include <algorithm>

#include "kernel.h"

namespace {

/** Arms beyond what a second-level cache holds are fetched ahead of their turn; nearer ones would only be slowed down. */
constexpr size_t kNearBytes = 512 * 1024;

/** Copies sums of the arms at `position` on into a list, for each context. */
void keep(const Arena& arena, Arena::Field section, int position, int count, int contexts, const double* sums) {
  for (int c = 0; c < contexts; c++) {
    const size_t list = arena.listSection(section, c);
    for (int k = 0; k < count; k++) arena.cells(position + k)[list] = sums[c * kArmsMax + k];
  }
}

/** A head's theta.x of the arms at `position` on, for each context; theta is at `offset` among those of the arm. */
void projectHead(const Kernel& kernel, const uint32_t* slots, int position, int count, int contexts, int offset,
                 Arena::Field section) {
  const Arena& arena = kernel.arena;
  const double* thetas[kArmsMax] = {};
  double sums[kContextsMax * kArmsMax];
  for (int k = 0; k < count; k++) thetas[k] = arena.run(Arena::headTheta, 2 * arena.dp(), slots[k]) + offset;
  kernel.operations->dots(thetas, count, arena.contextAt(0), contexts, arena.dp(), sums, nullptr);
  keep(arena, section, position, count, contexts, sums);
}

}  // namespace

void quadraticForms(const Kernel& kernel, const uint32_t* slots, int count, int index, int contexts, double* sums,
                    const uint32_t* ahead) {
  const Arena& arena = kernel.arena;
  const double* runs[kArmsMax];
  const double* next[kArmsMax];
  for (int k = 0; k < count; k++) runs[k] = arena.run(Arena::inverse, arena.pp(), slots[k]);
  if (ahead != nullptr)
    for (int k = 0; k < count; k++) next[k] = arena.run(Arena::inverse, arena.pp(), ahead[k]);
  if (arena.zp() > 0) {
    kernel.operations->dots(runs, count, arena.productsAt(index), contexts, arena.zp(), sums,
                            ahead == nullptr ? nullptr : next);
  } else {
    kernel.operations->quadratics(runs, count, arena.contextAt(index), contexts, arena.dp(), arena.d(), sums);
  }
}

void project(const Kernel& kernel, int contexts, int count, int forms) {
  const Arena& arena = kernel.arena;
  const bool quadratic = (forms & kQuadratic) != 0;
  if (quadratic && arena.zp() > 0)
    for (int c = 0; c < contexts; c++) kernel.operations->products(arena.contextAt(c), arena.productsAt(c), arena.d());
  const bool far = static_cast<size_t>(count) * arena.pp() * sizeof(double) > kNearBytes;
  double sums[kContextsMax * kArmsMax];
  const double* thetas[kArmsMax];
  uint32_t slots[kArmsMax];
  uint32_t next[kArmsMax];
  for (int k = 0; k < std::min(kArmsMax, count); k++) next[k] = arena.slotAt(k);
  for (int position = 0; position < count; position += kArmsMax) {
    const int arms = std::min(kArmsMax, count - position);
    const int after = std::min(kArmsMax, count - position - arms);
    for (int k = 0; k < arms; k++) slots[k] = next[k];
    for (int k = 0; k < after; k++) next[k] = arena.slotAt(position + kArmsMax + k);
    for (int k = 0; k < arms; k++) thetas[k] = arena.run(Arena::theta, arena.dp(), slots[k]);
    kernel.operations->dots(thetas, arms, arena.contextAt(0), contexts, arena.dp(), sums, nullptr);
    keep(arena, Arena::mean, position, arms, contexts, sums);
    if (forms & kCost) projectHead(kernel, slots, position, arms, contexts, 0, Arena::cost);
    if (forms & kLatency) projectHead(kernel, slots, position, arms, contexts, arena.dp(), Arena::latency);
    if (!quadratic) continue;
    quadraticForms(kernel, slots, arms, 0, contexts, sums, far && after == kArmsMax ? next : nullptr);
    keep(arena, Arena::variance, position, arms, contexts, sums);
  }
}
