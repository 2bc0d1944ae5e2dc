#include "arena.h"

namespace {

/** DIMENSION_MAX in src/base/check.ts. */
constexpr double kDimensionMax = 1024;
/** All that 32-bit addresses reach, in doubles. */
constexpr double kOffsetMax = 536870912;

constexpr size_t roundUp4(size_t n) { return (n + 3) & ~size_t{3}; }

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
  if (at[blockShift] > 6 || at[lastUpdate] - at[lastPlay] != kCellStride) return false;
  if (at[heads] != 0 && at[heads] != 2) return false;
  if (at[paddedDimension] != roundUp4(at[dimension])) return false;
  if (at[paddedTriangle] != roundUp4(at[dimension] * (at[dimension] + 1) / 2)) return false;
  if (at[productLength] != 0 && at[productLength] != at[paddedTriangle]) return false;
  // Every section lies where it can: in the scratch, or in a block.
  const size_t arms = size_t{1} << at[blockShift];
  const size_t settledCells = at[heads] > 0 ? kCellStride : 0;
  const size_t headVectors = arms * at[heads] * at[paddedDimension];
  const size_t settledTriangles = at[heads] > 0 ? arms * at[paddedTriangle] : 0;
  const size_t systemLength = at[heads] > 0 ? at[paddedTriangle] : 0;
  const size_t lengths[fieldCount] = {
      0, 0, 0, 0, 0, 0, 0, 0, 8, 1001, 1001, 4 * at[paddedDimension], at[paddedDimension], at[paddedDimension],
      32, 4 * at[productLength], kCellStride, kCellStride, kCellStride, kCellStride, kCellStride, kCellStride,
      kCellStride, 4 * kCellStride, 4 * kCellStride, kCellStride, settledCells, settledCells, 4 * settledCells,
      4 * settledCells, arms * at[paddedDimension], arms * at[paddedTriangle], arms * at[paddedTriangle],
      arms * at[paddedDimension], headVectors, settledTriangles, settledTriangles, headVectors, systemLength, systemLength};
  for (int field = params; field < fieldCount; field++) {
    const bool isScratch = field < lastPlay || field >= system;
    if (at[field] + lengths[field] > (isScratch ? at[blocks] : at[blockLength])) return false;
  }
  base = head;
  return at[blocks] + at[blockLength] <= length;
}
