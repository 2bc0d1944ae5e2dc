/** All in their order, or, of more than `max`, those with the most of something, the most first. */
export function mostOf<Row>(rows: readonly Row[], max: number, sizeOf: (row: Row) => number): readonly Row[] {
  return rows.length <= max ? rows : [...rows].sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, max)
}
