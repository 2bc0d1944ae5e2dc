// The arena's memory map, laid out once in src/kernel/layout.ts; it stands in numbers at the arena's head.
#pragma once

#include <cstddef>
#include <cstdint>

/** Length of a section with one number an arm or list position: CELL_STRIDE in src/kernel/layout.ts. */
inline constexpr size_t kCellStride = 64;

/** Slots, list positions and lengths are counts; sections are offsets inside a block; all in doubles. */
struct Arena {
  /** The map's entries at the arena's head: TABLE_FIELDS in src/kernel/layout.ts, in its order. */
  enum Field {
    dimension,
    paddedDimension,
    paddedTriangle,
    productLength,
    blockShift,
    heads,
    blocks,
    blockLength,
    params,
    gammaPower,
    spread,
    context,
    image,
    row,
    sums,
    products,
    lastPlay,
    lastUpdate,
    ridge,
    price,
    bound,
    candidate,
    score,
    mean,
    variance,
    penalty,
    settledUpdate,
    settledRidge,
    cost,
    latency,
    theta,
    inverse,
    precision,
    response,
    headTheta,
    settledInverse,
    settledPrecision,
    headResponse,
    system,
    systemInverse,
    fieldCount
  };

  double* base = nullptr;
  size_t at[fieldCount] = {};

  /** Reads the map at the head of `length` doubles. @returns false when that is no map of an arena */
  bool read(double* head, size_t length);

  int d() const { return static_cast<int>(at[dimension]); }
  int dp() const { return static_cast<int>(at[paddedDimension]); }
  int pp() const { return static_cast<int>(at[paddedTriangle]); }
  /** Length of one z, 0 where scoring goes row by row. */
  int zp() const { return static_cast<int>(at[productLength]); }
  int triangle() const { return d() * (d() + 1) / 2; }

  /** A section of the scratch part. */
  double* scratch(Field field) const { return base + at[field]; }
  double* contextAt(int index) const { return scratch(context) + static_cast<size_t>(index) * at[paddedDimension]; }
  double* productsAt(int index) const { return scratch(products) + static_cast<size_t>(index) * at[productLength]; }

  double* blockOf(uint32_t index) const { return base + at[blocks] + (index >> at[blockShift]) * at[blockLength]; }
  uint32_t withinBlock(uint32_t index) const { return index & ((1u << at[blockShift]) - 1); }

  /** Where the cells of an arm or list position are: add a section with one number for each. */
  double* cells(uint32_t index) const { return blockOf(index) + withinBlock(index); }
  double& cell(Field section, uint32_t index) const { return cells(index)[at[section]]; }

  /** The part of a list section (mean, variance, cost, latency) that belongs to the context at `index`. */
  size_t listSection(Field section, int index) const { return at[section] + static_cast<size_t>(index) * kCellStride; }

  /** An arm's run in a section with `stride` numbers an arm. */
  double* run(Field section, int stride, uint32_t slot) const {
    return blockOf(slot) + at[section] + static_cast<size_t>(withinBlock(slot)) * stride;
  }

  /** Slot at a position of the candidate list. */
  uint32_t slotAt(uint32_t position) const { return toIndex(cell(candidate, position)); }

  /** A double that is an integer in [0, 2^32) as that. */
  static uint32_t toIndex(double value) { return static_cast<uint32_t>(static_cast<int64_t>(value)); }
};
