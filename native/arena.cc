#include "arena.h"

namespace {

/** Longest context that src/kernel/arena.ts allows. */
constexpr double kDimensionMax = 1024;
/** All that 32-bit addresses reach, in doubles. */
constexpr double kOffsetMax = 536870912;

}  // namespace

bool Arena::read(double* head, size_t length) {
  if (length < fieldCount) return false;
  for (int field = 0; field < fieldCount; field++) {
    const double value = head[field];
    if (!(value >= 0 && value < kOffsetMax)) return false;
    at[field] = static_cast<size_t>(value);
    if (static_cast<double>(at[field]) != value) return false;
  }
  if (at[dimension] < 1 || at[dimension] > kDimensionMax) return false;
  if (at[blockShift] > 6 || at[lastPlay] - at[lastUpdate] != kCellStride) return false;
  if (at[paddedDimension] != ((at[dimension] + 3) & ~size_t{3})) return false;
  base = head;
  return at[blocks] + at[blockLength] <= length;
}
