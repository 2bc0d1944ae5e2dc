// The arena's memory map is laid out once, in src/kernel/layout.ts, and stands in numbers at the arena's head, where
// `configure` reads it. Here it is kept in bytes: addresses in the scratch, offsets inside a block.

/** Sections with one number an arm or list position: CELL_STRIDE numbers each, at the head of a block. */
const CELLS: usize = 64 * 8
export const LAST_PLAY: usize = 0
export const LAST_UPDATE: usize = CELLS
export const BOUND: usize = 4 * CELLS
export const CANDIDATE: usize = 5 * CELLS
export const SCORE: usize = 6 * CELLS
/** One such section for each of four contexts. */
export const MEAN: usize = 7 * CELLS
export const VARIANCE: usize = 11 * CELLS
export const PENALTY: usize = 15 * CELLS
/** Only in an arena with heads, and in place of LAST_UPDATE and RIDGE. */
export const SETTLED_UPDATE: usize = 16 * CELLS
export const COST: usize = 18 * CELLS
export const LATENCY: usize = 22 * CELLS
/** From when a design matrix was last updated to what is left of its ridge. */
export const TO_RIDGE: usize = CELLS

export let d: i32 = 0
export let dp: i32 = 0
export let pp: i32 = 0
/** Length of one z, 0 where scoring goes row by row. */
export let zp: i32 = 0
export let params: usize = 0
export let gammaPower: usize = 0
export let spread: usize = 0
export let context: usize = 0
export let image: usize = 0
export let row: usize = 0
export let sums: usize = 0
export let products: usize = 0
export let theta: usize = 0
export let inverse: usize = 0
export let headTheta: usize = 0
export let system: usize = 0
export let systemInverse: usize = 0
/** Where the map's entries of the design matrices are: four each, of rewards first. */
let designs: usize = 0
/** Arms of one block are 1 << blockShift. */
export let blockShift: u32 = 0
export let blocks: usize = 0
export let blockBytes: usize = 0

/** Reads the map at the head of the arena that starts at address `base`: TABLE_FIELDS in src/kernel/layout.ts. */
export function configure(base: usize): void {
  d = <i32>load<f64>(base, 0)
  dp = <i32>load<f64>(base, 8)
  pp = <i32>load<f64>(base, 16)
  zp = <i32>load<f64>(base, 24)
  blockShift = <u32>load<f64>(base, 32)
  blocks = base + bytes(base, 6)
  blockBytes = bytes(base, 7)
  params = base + bytes(base, 8)
  gammaPower = base + bytes(base, 9)
  spread = base + bytes(base, 10)
  context = base + bytes(base, 11)
  image = base + bytes(base, 12)
  row = base + bytes(base, 13)
  sums = base + bytes(base, 14)
  products = base + bytes(base, 15)
  theta = bytes(base, 30)
  inverse = bytes(base, 31)
  headTheta = bytes(base, 34)
  system = base + bytes(base, 38)
  systemInverse = base + bytes(base, 39)
  designs = base + 30 * 8
}

/** Entries of a design matrix in the map. */
export const THETA: i32 = 0
export const INVERSE: i32 = 1
export const PRECISION: i32 = 2
export const RESPONSE: i32 = 3

/** Address of an arm's run in the design matrix with `heads` heads: 1 of rewards, 2 of settlements. */
export function runOfDesign(entry: i32, heads: i32, slot: u32): usize {
  const stride = entry === THETA || entry === RESPONSE ? heads * dp : pp
  return run(bytes(designs, entry + 4 * (heads - 1)), stride, slot)
}

/** Entry `index` of the map at `base`, a count of 64-bit floats, in bytes. */
function bytes(base: usize, index: i32): usize {
  return <usize>load<f64>(base + (<usize>index << 3)) << 3
}

/** Address of the block of an arm or list position. */
// @ts-ignore: decorator
@inline
export function blockOf(index: u32): usize {
  return blocks + <usize>(index >> blockShift) * blockBytes
}

/** Number of an arm or list position within its block. */
// @ts-ignore: decorator
@inline
export function withinBlock(index: u32): usize {
  return <usize>(index & ((1 << blockShift) - 1))
}

/** Where the cells of an arm or list position are: its number in a section is at that section's offset from here. */
// @ts-ignore: decorator
@inline
export function cells(index: u32): usize {
  return cellsIn(blocks, blockBytes, blockShift, index)
}

/** `cells` for a loop that keeps the map in locals: a compiler has to reload globals after every store. */
// @ts-ignore: decorator
@inline
export function cellsIn(blocks: usize, blockBytes: usize, shift: u32, index: u32): usize {
  return blocks + <usize>(index >> shift) * blockBytes + (<usize>(index & ((1 << shift) - 1)) << 3)
}

/** Address of an arm's run in a section with `stride` numbers an arm. */
// @ts-ignore: decorator
@inline
export function run(section: usize, stride: i32, slot: u32): usize {
  return blockOf(slot) + section + ((withinBlock(slot) * <usize>stride) << 3)
}

/** Offset of the part of a list section that belongs to the context at `index`, from that of the first. */
// @ts-ignore: decorator
@inline
export function ofContext(index: i32): usize {
  return <usize>index * CELLS
}

/** A float that is an integer in [0, 2^32) as that: adding 2^52 puts it in the low bits. */
// @ts-ignore: decorator
@inline
export function toIndex(value: f64): u32 {
  return <u32>reinterpret<u64>(value + 4503599627370496)
}
