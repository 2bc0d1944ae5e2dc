/** The known word within edit distance 1/3 of its length (at least 1), or undefined. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    if (Math.abs(word.length - candidate.length) > limitOf(candidate)) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance && distance <= limitOf(candidate)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function limitOf(candidate: string): number {
  return Math.max(1, Math.floor(candidate.length / 3))
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(previous[j] + 1, current[j - 1] + 1, substitution)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) least = Math.min(least, beforePrevious[j - 2] + 1)
      current.push(least)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[b.length]
}
