/**
 * Memory map of the arena: one run of 64-bit floats that every kernel works on in place.
 *
 *     scratch   table       40    this map in numbers, for kernels outside JavaScript: see `layoutTable`
 *               params      8     [0] lambda0, the regularization; the rest is each kernel's own
 *               gammaPower  1004  gamma^0 .. gamma^1000, built by multiplication
 *               spread      1004  sqrt of the staleness inflation at each age: sqrt(1 / max(gamma^age, 1/200))
 *               context     4*dp  x of up to 4 requests, zero padded
 *               image       dp    u = A^-1 x
 *               row         dp    one row during a rebuild
 *               sums        32    dot products and partial sums of the arms in hand
 *               products    4*zp  z of up to 4 requests: x_i^2 on the diagonal, 2 x_i x_j off it (small d only)
 *               system      pp    * packed triangle of a system of equations that a policy wants solved
 *               systemInverse  pp * packed triangle of its inverse
 *     block 0   lastPlay    64    request count at the arm's last play
 *               lastUpdate  64    request count at the arm's last statistics update
 *               ridge       64    what is left of lambda0 in the precision after decay
 *               price       64    log-normalised cost in [0, 1]
 *               bound       64    sqrt of a bound on A^-1's eigenvalues, or 0: to be taken when it is needed
 *               candidate   64    slots to score, a list over all blocks
 *               score       64    their scores, a list over all blocks
 *               mean        4*64  theta.x of each in the list, for each of the contexts
 *               variance    4*64  x^T A^-1 x of each in the list, for each of the contexts
 *               penalty     64    what each in the list is charged, times the decision's penalty weight
 *               settledUpdate     64      * as lastUpdate, of the settlements
 *               settledRidge      64      * as ridge, of the settlements
 *               cost              4*64    * cost head's theta.x of each in the list, for each of the contexts
 *               latency           4*64    * latency head's
 *               theta       C*dp  ridge estimate
 *               headTheta         C*2*dp  * cost head's theta, then the latency head's
 *               inverse     C*pp  packed triangle of A^-1
 *               precision   C*pp  packed triangle of A
 *               response    C*dp  b, reward accumulator
 *               settledInverse    C*pp    * packed triangle of A^-1 of the settled requests
 *               settledPrecision  C*pp    * packed triangle of their A
 *               headResponse      C*2*dp  * cost head's b, then the latency head's
 *     block 1   ...
 *
 * d is the dimension, dp and pp are d and d(d+1)/2 rounded up to 4 (the pad stays zero, so a dot product needs
 * no tail), zp is pp up to d = 64 and 0 above. A block has C arms, a power of two up to 64; sections with one number an
 * arm are 64 long in any block, so that their offsets are constants in compiled kernels. Sections marked * are what an
 * arm learns from settlements, and what a policy that does so solves; they have no length where `heads` is 0. Hot sections
 * lie together: scoring streams theta, headTheta and inverse and never touches what lies behind them. Blocks are only ever
 * appended, so growing moves nothing. A packed triangle holds the upper half by rows: (0,0) (0,1) .. (0,d-1) (1,1) ..
 */
export interface ArenaLayout {
  readonly dimension: number
  readonly paddedDimension: number
  readonly triangle: number
  readonly paddedTriangle: number
  /** Length of one z, or 0 where scoring goes row by row instead. */
  readonly productLength: number
  /** Arms of one block are 1 << blockShift. */
  readonly blockShift: number
  /** Heads on the design matrix of settled requests: log cost and log latency, or none and no such matrix. */
  readonly heads: 0 | 2
  readonly table: number
  readonly params: number
  readonly gammaPower: number
  readonly spread: number
  readonly context: number
  readonly image: number
  readonly row: number
  readonly sums: number
  readonly products: number
  readonly system: number
  readonly systemInverse: number
  readonly blocks: number
  readonly blockLength: number
  /** Offsets of a section inside a block. */
  readonly lastPlay: number
  readonly lastUpdate: number
  readonly ridge: number
  readonly price: number
  readonly bound: number
  readonly candidate: number
  readonly score: number
  readonly mean: number
  readonly variance: number
  readonly penalty: number
  readonly settledUpdate: number
  readonly settledRidge: number
  readonly cost: number
  readonly latency: number
  readonly theta: number
  readonly headTheta: number
  readonly inverse: number
  readonly precision: number
  readonly response: number
  readonly settledInverse: number
  readonly settledPrecision: number
  readonly headResponse: number
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
/** Contexts that one pass over the arms can serve. */
export const BATCH_MAX = 4
/**
 * Upper bounds are raised by this share. Rounding moves x^T A^-1 x, a sum of at most 524,800 terms in two partial sums,
 * by less than 1e-10 of the bound on it.
 */
export const BOUND_SLACK = 1e-9

const BLOCK_BYTES_MAX = 512 * 1024
const BLOCK_SHIFT_MAX = 6
/** Up to this dimension one z a request makes every arm's quadratic form one dot product; above, z leaves the cache. */
const PRODUCT_DIMENSION_MAX = 64
const TABLE_LENGTH = 40
/** Length of a section with one number an arm or list position. */
export const CELL_STRIDE = 1 << BLOCK_SHIFT_MAX

/** Hands out offsets, each a multiple of 4 so that runs of 4 stay aligned. */
class Cursor {
  length = 0

  take(length: number): number {
    const offset = this.length
    this.length += roundUp4(length)
    return offset
  }
}

function roundUp4(n: number): number {
  return (n + 3) & ~3
}

/**
 * Lays out an arena for contexts of `dimension` numbers, with the design matrix of settled requests if it has `heads`.
 * All offsets count 64-bit floats.
 */
export function arenaLayout(dimension: number, heads: 0 | 2 = 0): ArenaLayout {
  const paddedDimension = roundUp4(dimension)
  const triangle = (dimension * (dimension + 1)) / 2
  const paddedTriangle = roundUp4(triangle)
  const productLength = dimension <= PRODUCT_DIMENSION_MAX ? paddedTriangle : 0
  const matrices = heads > 0 ? 4 : 2
  const armLength = (2 + 2 * heads) * paddedDimension + matrices * paddedTriangle
  let blockShift = BLOCK_SHIFT_MAX
  while (blockShift > 0 && (armLength << blockShift) * 8 > BLOCK_BYTES_MAX) blockShift--
  const count = 1 << blockShift
  const settledCells = heads > 0 ? CELL_STRIDE : 0
  const settledTriangles = heads > 0 ? count * paddedTriangle : 0

  const scratch = new Cursor()
  const block = new Cursor()
  return Object.freeze({
    dimension,
    paddedDimension,
    triangle,
    paddedTriangle,
    productLength,
    blockShift,
    heads,
    table: scratch.take(TABLE_LENGTH),
    params: scratch.take(8),
    gammaPower: scratch.take(AGE_MAX + 1),
    spread: scratch.take(AGE_MAX + 1),
    context: scratch.take(BATCH_MAX * paddedDimension),
    image: scratch.take(paddedDimension),
    row: scratch.take(paddedDimension),
    sums: scratch.take(32),
    products: scratch.take(BATCH_MAX * productLength),
    system: scratch.take(heads > 0 ? paddedTriangle : 0),
    systemInverse: scratch.take(heads > 0 ? paddedTriangle : 0),
    blocks: scratch.length,
    lastPlay: block.take(CELL_STRIDE),
    lastUpdate: block.take(CELL_STRIDE),
    ridge: block.take(CELL_STRIDE),
    price: block.take(CELL_STRIDE),
    bound: block.take(CELL_STRIDE),
    candidate: block.take(CELL_STRIDE),
    score: block.take(CELL_STRIDE),
    mean: block.take(BATCH_MAX * CELL_STRIDE),
    variance: block.take(BATCH_MAX * CELL_STRIDE),
    penalty: block.take(CELL_STRIDE),
    settledUpdate: block.take(settledCells),
    settledRidge: block.take(settledCells),
    cost: block.take(BATCH_MAX * settledCells),
    latency: block.take(BATCH_MAX * settledCells),
    theta: block.take(count * paddedDimension),
    headTheta: block.take(heads * count * paddedDimension),
    inverse: block.take(count * paddedTriangle),
    precision: block.take(count * paddedTriangle),
    response: block.take(count * paddedDimension),
    settledInverse: block.take(settledTriangles),
    settledPrecision: block.take(settledTriangles),
    headResponse: block.take(heads * count * paddedDimension),
    blockLength: block.length,
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

/** Bytes of the arena that one more arm takes, a block's share of it. */
export function armBytes(layout: ArenaLayout): number {
  return (8 * layout.blockLength) / (1 << layout.blockShift)
}

/** Offset of a section that holds one number an arm (or a list position). */
export function cellOffset(layout: ArenaLayout, section: number, index: number): number {
  const shift = layout.blockShift
  return layout.blocks + (index >>> shift) * layout.blockLength + section + (index & ((1 << shift) - 1))
}

/** Offset of what the list keeps at a position, in a section with one number a context, for the context at `context`. */
export function listOffset(layout: ArenaLayout, section: number, context: number, position: number): number {
  return cellOffset(layout, section + context * CELL_STRIDE, position)
}

/** Offset of a section that holds `stride` numbers an arm. */
export function sectionOffset(layout: ArenaLayout, section: number, stride: number, slot: number): number {
  const shift = layout.blockShift
  return (
    layout.blocks + (slot >>> shift) * layout.blockLength + section + (slot & ((1 << shift) - 1)) * stride
  )
}

/** Fills the constant part of a fresh arena: its map, lambda0, and the tables of the forgetting factor. */
export function writeConstants(layout: ArenaLayout, f64: Float64Array, gamma: number, lambda0: number): void {
  f64.set(layoutTable(layout), layout.table)
  f64[layout.params] = lambda0
  let power = 1
  for (let age = 0; age <= AGE_MAX; age++) {
    f64[layout.gammaPower + age] = power
    f64[layout.spread + age] = Math.sqrt(1 / Math.max(power, 1 / INFLATION_MAX))
    power *= gamma
  }
}

/** What a kernel outside JavaScript has to know, in the order in which it reads it; offsets count 64-bit floats. */
const TABLE_FIELDS = [
  'dimension',
  'paddedDimension',
  'paddedTriangle',
  'productLength',
  'blockShift',
  'heads',
  'blocks',
  'blockLength',
  'params',
  'gammaPower',
  'spread',
  'context',
  'image',
  'row',
  'sums',
  'products',
  'lastPlay',
  'lastUpdate',
  'ridge',
  'price',
  'bound',
  'candidate',
  'score',
  'mean',
  'variance',
  'penalty',
  'settledUpdate',
  'settledRidge',
  'cost',
  'latency',
  'theta',
  'inverse',
  'precision',
  'response',
  'headTheta',
  'settledInverse',
  'settledPrecision',
  'headResponse',
  'system',
  'systemInverse',
] as const satisfies readonly (keyof ArenaLayout)[]

function layoutTable(layout: ArenaLayout): number[] {
  return TABLE_FIELDS.map((field) => layout[field])
}
