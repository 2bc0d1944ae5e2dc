/** Rows of one block: some hundred KB are copied in a tenth of a millisecond. */
const BLOCK_ROWS = 1024

/**
 * A copy of rows as they were when it was begun, made block by block: whoever changes a row before its block's turn has the
 * block copied first. So nobody waits for all of it.
 */
export class CopiedRows {
  readonly target: Float64Array
  private readonly source: Float64Array
  private readonly blockNumbers: number
  private readonly isCopied: Uint8Array
  private left: number

  constructor(source: Float64Array, stride: number) {
    this.source = source
    this.target = new Float64Array(source.length)
    this.blockNumbers = BLOCK_ROWS * stride
    this.left = Math.ceil(source.length / this.blockNumbers)
    this.isCopied = new Uint8Array(this.left)
  }

  /** Nothing more is to be copied. */
  get isDone(): boolean {
    return this.left === 0
  }

  /** The number at that place is about to change. */
  before(at: number): void {
    this.copy(Math.floor(at / this.blockNumbers))
  }

  /** All that has not been copied, a block a step. */
  *steps(): Generator<void> {
    for (let block = 0; block < this.isCopied.length; block++) {
      if (this.isCopied[block] === 1) continue
      this.copy(block)
      yield
    }
  }

  finish(): void {
    for (let block = 0; block < this.isCopied.length; block++) this.copy(block)
  }

  private copy(block: number): void {
    if (this.isCopied[block] === 1) return
    this.isCopied[block] = 1
    this.left--
    const start = block * this.blockNumbers
    this.target.set(this.source.subarray(start, start + this.blockNumbers), start)
  }
}
