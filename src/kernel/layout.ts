/**
 * Memory map of the arena: one run of 64-bit floats that every kernel works on in place.
 *
 *     scratch   params      4     [0] lambda0, the regularization
 *               gammaPower  1004  gamma^0 .. gamma^1000, built by multiplication
 *               context     dp    x, zero padded
 *               image       dp    u = A^-1 x
 *               row         dp    one row during a rebuild
 *               products    pp    z: x_i^2 on the diagonal, 2 x_i x_j off it
 *     block 0   lastUpdate  C     request count at the arm's last statistics update
 *               lastPlay    C     request count at the arm's last play
 *               ridge       C     what is left of lambda0 in the precision after decay
 *               price       C     penalty unit: log-normalised cost in [0, 1]
 *               candidate   C     slots to score, a list over all blocks
 *               score       C     their scores, a list over all blocks
 *               theta       C*dp  ridge estimate
 *               inverse     C*pp  packed triangle of A^-1
 *               precision   C*pp  packed triangle of A
 *               response    C*dp  b, reward accumulator
 *     block 1   ...
 *
 * d is the dimension, dp and pp are d and d(d+1)/2 rounded up to 4 (the pad stays zero, so a dot product needs
 * no tail), C is a power of two. Hot sections of a block lie together: scoring streams theta and inverse and never
 * touches precision or response. Blocks are only ever appended, so growing moves nothing.
 * A packed triangle holds the upper half by rows: (0,0) (0,1) .. (0,d-1) (1,1) ..
 */
export interface ArenaLayout {
  readonly dimension: number
  readonly paddedDimension: number
  readonly triangle: number
  readonly paddedTriangle: number
  /** Arms of one block are 1 << blockShift. */
  readonly blockShift: number
  readonly params: number
  readonly gammaPower: number
  readonly context: number
  readonly image: number
  readonly row: number
  readonly products: number
  readonly blocks: number
  readonly blockLength: number
  /** Offsets of a section inside a block. */
  readonly lastUpdate: number
  readonly lastPlay: number
  readonly ridge: number
  readonly price: number
  readonly candidate: number
  readonly score: number
  readonly theta: number
  readonly inverse: number
  readonly precision: number
  readonly response: number
}

/** Ages beyond this many requests decay and inflate as if they were this old. */
export const AGE_MAX = 1000
/** Largest staleness inflation of a variance: 1 / 200 is the floor of its divisor. */
export const INFLATION_MAX = 200
/** When the share of lambda0 I left after decay falls under this, the regularization is restored. */
export const RIDGE_FLOOR = 0.1
/**
 * A rank-one update whose x^T A^-1 x is larger would cancel more than 6 of the 16 digits of A^-1: it is rebuilt then.
 * Whitened contexts stay under 1e3.
 */
export const QUADRATIC_MAX = 1e6
/** Variances are clamped from below before the square root, as in the published implementation. */
export const VARIANCE_MIN = 1e-12

const BLOCK_BYTES_MAX = 512 * 1024
const BLOCK_SHIFT_MAX = 6

function roundUp4(n: number): number {
  return (n + 3) & ~3
}

/** Lays out an arena for contexts of `dimension` numbers. All offsets count 64-bit floats. */
export function arenaLayout(dimension: number): ArenaLayout {
  const paddedDimension = roundUp4(dimension)
  const triangle = (dimension * (dimension + 1)) / 2
  const paddedTriangle = roundUp4(triangle)
  const armLength = 6 + 2 * paddedDimension + 2 * paddedTriangle
  let blockShift = BLOCK_SHIFT_MAX
  while (blockShift > 0 && (armLength << blockShift) * 8 > BLOCK_BYTES_MAX) blockShift--
  const count = 1 << blockShift

  let scratch = 0
  const take = (length: number): number => {
    const offset = scratch
    scratch += roundUp4(length)
    return offset
  }
  const params = take(4)
  const gammaPower = take(AGE_MAX + 1)
  const context = take(paddedDimension)
  const image = take(paddedDimension)
  const row = take(paddedDimension)
  const products = take(paddedTriangle)
  const blocks = scratch

  scratch = 0
  const lastUpdate = take(count)
  const lastPlay = take(count)
  const ridge = take(count)
  const price = take(count)
  const candidate = take(count)
  const score = take(count)
  const theta = take(count * paddedDimension)
  const inverse = take(count * paddedTriangle)
  const precision = take(count * paddedTriangle)
  const response = take(count * paddedDimension)

  return Object.freeze({
    dimension,
    paddedDimension,
    triangle,
    paddedTriangle,
    blockShift,
    params,
    gammaPower,
    context,
    image,
    row,
    products,
    blocks,
    blockLength: scratch,
    lastUpdate,
    lastPlay,
    ridge,
    price,
    candidate,
    score,
    theta,
    inverse,
    precision,
    response,
  })
}

/** Length in 64-bit floats of an arena with room for `armCount` arms, and how many arms that really is. */
export function arenaLength(layout: ArenaLayout, armCount: number): { length: number; capacity: number } {
  const blockCount = Math.max(1, Math.ceil(armCount / (1 << layout.blockShift)))
  return {
    length: layout.blocks + blockCount * layout.blockLength,
    capacity: blockCount << layout.blockShift,
  }
}

/** Offset of a section that holds one number an arm (or a list position). */
export function cellOffset(layout: ArenaLayout, section: number, index: number): number {
  const shift = layout.blockShift
  return layout.blocks + (index >>> shift) * layout.blockLength + section + (index & ((1 << shift) - 1))
}

/** Offset of a section that holds `stride` numbers an arm. */
export function sectionOffset(layout: ArenaLayout, section: number, stride: number, slot: number): number {
  const shift = layout.blockShift
  return (
    layout.blocks + (slot >>> shift) * layout.blockLength + section + (slot & ((1 << shift) - 1)) * stride
  )
}

/** Fills the constant part of a fresh arena: lambda0 and the powers of the forgetting factor. */
export function writeConstants(layout: ArenaLayout, f64: Float64Array, gamma: number, lambda0: number): void {
  f64[layout.params] = lambda0
  let power = 1
  for (let age = 0; age <= AGE_MAX; age++) {
    f64[layout.gammaPower + age] = power
    power *= gamma
  }
}
