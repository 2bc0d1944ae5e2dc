// The numeric core on one arena: the methods of `Kernel` in src/kernel/kernel.ts, which has their formulas.
// Arguments are trusted: slots in range, numbers finite, contexts in place.
#pragma once

#include "arena.h"
#include "operations.h"

struct Kernel {
  Arena arena;
  const Operations* operations = &portableOperations;
};

/** Forms besides theta.x, as bits: as in src/kernel/kernel.ts. */
inline constexpr int kQuadratic = 1;
inline constexpr int kCost = 2;
inline constexpr int kLatency = 4;

void project(const Kernel& kernel, int contexts, int count, int forms);
void combine(const Kernel& kernel, int index, int count, double alpha, double penaltyWeight, double now);
int prune(const Kernel& kernel, int index, int count, double alpha, double penaltyWeight, double now);
int argmax(const Kernel& kernel, int count, uint32_t tieBreak);

/** `Kernel.update` (1 head, whose target is `first`) and `Kernel.settle` (2 heads). */
void update(const Kernel& kernel, uint32_t slot, int heads, double first, double second, double now);
/** `Kernel.rebuild` (1 head) and `Kernel.rebuildSettled` (2 heads). */
void rebuild(const Kernel& kernel, uint32_t slot, int heads);
/** `Kernel.invertSystem`. */
void invertSystem(const Kernel& kernel, int size);

/**
 * x^T A^-1 x of `count` (1 to kArmsMax) arms for `contexts` contexts from `index` on, whose z have been written.
 * sums[c * kArmsMax + k]: context index + c, arm k. `ahead`: arms that are wanted next, or null.
 */
void quadraticForms(const Kernel& kernel, const uint32_t* slots, int count, int index, int contexts, double* sums,
                    const uint32_t* ahead);
