/** A stream of numbers in [0, 1). */
export type Random = () => number

/**
 * The mulberry32 generator: 32 bits of state, the same stream on every machine. For shuffles, fits and simulated
 * workloads; what decides inside a router draws in src/bandit/randomise.ts.
 * @param seed any integer; its low 32 bits count
 */
export function mulberry32(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A uniformly random order of 0 .. size - 1 (Fisher-Yates, from the end, size - 1 draws). */
export function permutation(size: number, random: Random): number[] {
  const order = Array.from({ length: size }, (_, i) => i)
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const moved = order[i]
    order[i] = order[j]
    order[j] = moved
  }
  return order
}

/** A normally distributed number of mean 0 and variance 1 (Box-Muller; two draws). */
export function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()))
  return radius * Math.cos(2 * Math.PI * random())
}
