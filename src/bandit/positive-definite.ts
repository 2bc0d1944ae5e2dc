/** Rounding of a sum of many x x^T stays far under this share of its largest entry. */
const NOISE_SHARE = 1e-10

/**
 * True when a packed upper triangle (by rows) can be a sum of x x^T: positive semidefinite up to rounding, by
 * elimination without pivoting. A pivot of zero must have only zeros beside it.
 */
export function isPositiveSemidefinite(packed: ArrayLike<number>, dimension: number): boolean {
  const rows: number[][] = []
  let largest = 0
  for (let i = 0, k = 0; i < dimension; i++) {
    const row = new Array<number>(dimension).fill(0)
    for (let j = i; j < dimension; j++) row[j] = packed[k++]
    largest = Math.max(largest, Math.abs(row[i]))
    rows.push(row)
  }
  const noise = largest * NOISE_SHARE
  const besideNoise = largest * Math.sqrt(NOISE_SHARE)
  for (const [i, row] of rows.entries()) {
    const pivot = row[i]
    if (!(pivot >= -noise)) return false
    if (pivot <= noise) {
      if (row.some((entry, j) => j > i && Math.abs(entry) > besideNoise)) return false
      continue
    }
    for (let k = i + 1; k < dimension; k++) {
      const factor = row[k] / pivot
      for (let j = k; j < dimension; j++) rows[k][j] -= factor * row[j]
    }
  }
  return true
}
