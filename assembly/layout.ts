// The arena's memory map is laid out once, in src/kernel/layout.ts; `configure` receives it as byte addresses.
// Sections of one block are SIMD-friendly runs of f64; `section` addresses the run of one arm.

export let d: i32 = 0
export let dp: i32 = 0
export let pp: i32 = 0
export let params: usize = 0
export let gammaPower: usize = 0
export let context: usize = 0
export let image: usize = 0
export let row: usize = 0
export let products: usize = 0
export let lastUpdate: usize = 0
export let lastPlay: usize = 0
export let ridge: usize = 0
export let price: usize = 0
export let candidate: usize = 0
export let score: usize = 0
export let theta: usize = 0
export let inverse: usize = 0
export let precision: usize = 0
export let response: usize = 0
let blocks: usize = 0
let blockBytes: usize = 0
let blockShift: u32 = 0

/** `table` points at 22 numbers (f64): see `LAYOUT_FIELDS` in src/kernel/wasm-kernel.ts for their order. */
export function configure(table: usize): void {
  d = <i32>load<f64>(table, 0)
  dp = <i32>load<f64>(table, 8)
  pp = <i32>load<f64>(table, 16)
  blockShift = <u32>load<f64>(table, 24)
  blockBytes = <usize>load<f64>(table, 32)
  blocks = <usize>load<f64>(table, 40)
  params = <usize>load<f64>(table, 48)
  gammaPower = <usize>load<f64>(table, 56)
  context = <usize>load<f64>(table, 64)
  image = <usize>load<f64>(table, 72)
  row = <usize>load<f64>(table, 80)
  products = <usize>load<f64>(table, 88)
  lastUpdate = <usize>load<f64>(table, 96)
  lastPlay = <usize>load<f64>(table, 104)
  ridge = <usize>load<f64>(table, 112)
  price = <usize>load<f64>(table, 120)
  candidate = <usize>load<f64>(table, 128)
  score = <usize>load<f64>(table, 136)
  theta = <usize>load<f64>(table, 144)
  inverse = <usize>load<f64>(table, 152)
  precision = <usize>load<f64>(table, 160)
  response = <usize>load<f64>(table, 168)
}

/** Address of the number at `index` in a section with one number an arm (or a list position). */
// @ts-ignore: decorator
@inline
export function cell(section: usize, index: u32): usize {
  const mask: u32 = (1 << blockShift) - 1
  return blocks + <usize>(index >> blockShift) * blockBytes + section + (<usize>(index & mask) << 3)
}

/** Address of an arm's run in a section with `stride` numbers an arm. */
// @ts-ignore: decorator
@inline
export function run(section: usize, stride: i32, slot: u32): usize {
  const mask: u32 = (1 << blockShift) - 1
  return blocks + <usize>(slot >> blockShift) * blockBytes + section + ((<usize>(slot & mask) * <usize>stride) << 3)
}
