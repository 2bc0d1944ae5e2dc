/** Runs of this many that are behind the ring are cut off at once. */
const CUT_RUNS = 1024

/**
 * Where the requests of one origin lie in the ring. Both their own numbers and their sequence numbers rise, and one that
 * follows its predecessor directly in both extends its run: a process that is alone makes a single run, of several each
 * makes one for as many requests as it sent together. Finding one is a binary search over runs.
 */
export class RequestRuns {
  private numbers: number[] = []
  private sequences: number[] = []
  private counts: number[] = []
  /** Runs before this one are forgotten. */
  private first = 0

  /** @param number higher than any before; @param sequence likewise */
  add(number: number, sequence: number): void {
    const last = this.numbers.length - 1
    if (last >= this.first) {
      const count = this.counts[last]
      if (number === this.numbers[last] + count && sequence === this.sequences[last] + count) {
        this.counts[last] = count + 1
        return
      }
    }
    this.numbers.push(number)
    this.sequences.push(sequence)
    this.counts.push(1)
  }

  /** Forgets requests before a sequence number, run by run. */
  forgetBefore(sequence: number): void {
    const { sequences, counts } = this
    while (this.first < sequences.length && sequences[this.first] + counts[this.first] <= sequence)
      this.first++
    if (this.first < CUT_RUNS) return
    this.numbers = this.numbers.slice(this.first)
    this.sequences = sequences.slice(this.first)
    this.counts = counts.slice(this.first)
    this.first = 0
  }

  get isEmpty(): boolean {
    return this.first === this.numbers.length
  }

  /** The sequence number of a request, or 0. */
  find(number: number): number {
    let low = this.first
    let high = this.numbers.length - 1
    // The latest run has nearly all of what is asked for.
    if (high < low || number < this.numbers[low]) return 0
    if (number < this.numbers[high]) {
      while (low < high) {
        const middle = (low + high + 1) >>> 1
        if (this.numbers[middle] <= number) low = middle
        else high = middle - 1
      }
    } else low = high
    const offset = number - this.numbers[low]
    return offset < this.counts[low] ? this.sequences[low] + offset : 0
  }
}
