// The arena's memory map is laid out once, in src/kernel/layout.ts, and stands in numbers at the arena's head, where
// `configure` reads it. Here it is kept as byte addresses; sections are byte offsets inside a block.

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
export let lastUpdate: usize = 0
export let lastPlay: usize = 0
export let ridge: usize = 0
export let price: usize = 0
export let bound: usize = 0
export let candidate: usize = 0
export let score: usize = 0
export let mean: usize = 0
export let variance: usize = 0
export let theta: usize = 0
export let inverse: usize = 0
export let precision: usize = 0
export let response: usize = 0
/** Arms of one block are 1 << blockShift. */
export let blockShift: u32 = 0
let blocks: usize = 0
let blockBytes: usize = 0

/** Reads the map at the head of the arena that starts at address `base`: TABLE_FIELDS in src/kernel/layout.ts. */
export function configure(base: usize): void {
  d = <i32>load<f64>(base, 0)
  dp = <i32>load<f64>(base, 8)
  pp = <i32>load<f64>(base, 16)
  zp = <i32>load<f64>(base, 24)
  blockShift = <u32>load<f64>(base, 32)
  blocks = base + bytes(base, 5)
  blockBytes = bytes(base, 6)
  params = base + bytes(base, 7)
  gammaPower = base + bytes(base, 8)
  spread = base + bytes(base, 9)
  context = base + bytes(base, 10)
  image = base + bytes(base, 11)
  row = base + bytes(base, 12)
  sums = base + bytes(base, 13)
  products = base + bytes(base, 14)
  lastUpdate = bytes(base, 15)
  lastPlay = bytes(base, 16)
  ridge = bytes(base, 17)
  price = bytes(base, 18)
  bound = bytes(base, 19)
  candidate = bytes(base, 20)
  score = bytes(base, 21)
  mean = bytes(base, 22)
  variance = bytes(base, 23)
  theta = bytes(base, 24)
  inverse = bytes(base, 25)
  precision = bytes(base, 26)
  response = bytes(base, 27)
}

/** Entry `index` of the map at `base`, a count of 64-bit floats, in bytes. */
function bytes(base: usize, index: i32): usize {
  return <usize>load<f64>(base + (<usize>index << 3)) << 3
}

// @ts-ignore: decorator
@inline
function mask(): u32 {
  return (1 << blockShift) - 1
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
  return <usize>(index & mask())
}

/** Where the cells of an arm or list position are: add a section with one number for each. */
// @ts-ignore: decorator
@inline
export function cells(index: u32): usize {
  return blockOf(index) + (withinBlock(index) << 3)
}

/** Address of the number at `index` in a section with one number an arm (or a list position). */
// @ts-ignore: decorator
@inline
export function cell(section: usize, index: u32): usize {
  return cells(index) + section
}

/** The part of a list section (mean, variance) that belongs to the context at `index`. */
// @ts-ignore: decorator
@inline
export function listSection(section: usize, index: u32): usize {
  return section + ((<usize>index << blockShift) << 3)
}

/** Address of an arm's run in a section with `stride` numbers an arm. */
// @ts-ignore: decorator
@inline
export function run(section: usize, stride: i32, slot: u32): usize {
  return blockOf(slot) + section + ((withinBlock(slot) * <usize>stride) << 3)
}

/** Slot at a position of the candidate list. */
// @ts-ignore: decorator
@inline
export function slotAt(position: u32): u32 {
  return toIndex(load<f64>(cell(candidate, position)))
}

/** A float that is an integer in [0, 2^32) as that: adding 2^52 puts it in the low bits. */
// @ts-ignore: decorator
@inline
export function toIndex(value: f64): u32 {
  return <u32>reinterpret<u64>(value + 4503599627370496)
}
