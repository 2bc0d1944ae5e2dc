import { LatestMap } from '../base/latest-map.js'
import type { PlacedBatch } from './store.js'

/** Events whose checksums are remembered: what is appended again comes soon. */
const REMEMBERED_MAX = 16_384
/** Sentences about one log. */
const TOLD_MAX = 8
const CHECKSUM_BYTES = 4

/**
 * The numbers of a shared log's events, looked at as they are read. Each process numbers its own without a gap, and what it
 * appends a second time is what it was: else events are gone, or an entry says another process or number than it was
 * appended with. An event has a checksum, its process and number have none.
 */
export class NumberReview {
  /** What was found, in sentences. */
  readonly told: string[] = []
  private readonly checksums = new LatestMap<string, number>(REMEMBERED_MAX)

  /** @param last number of the latest event of that process before; 0: none */
  look({ origin, firstNumber, events, position }: PlacedBatch, last: number): void {
    if (firstNumber > last + 1)
      this.tell(
        `event ${firstNumber} of ${origin} at ${position} comes after its event ${last}: those between are gone`,
      )
    // What is appended again ends where its process had got to.
    const isOld = firstNumber + events.length - 1 < last
    for (let i = 0; i < events.length; i++) {
      const number = firstNumber + i
      const key = `${origin}.${number}`
      const checksum = checksumOf(events[i])
      const before = this.checksums.get(key)
      if (number > last) this.checksums.set(key, checksum)
      else if (before === undefined ? isOld : before !== checksum) {
        this.tell(
          `event ${number} of ${origin} stands at ${position}, where its event ${last} came before: it was passed over`,
        )
        return
      }
    }
  }

  private tell(sentence: string): void {
    if (this.told.length < TOLD_MAX) this.told.push(sentence)
  }
}

/** Its own, in its last bytes. */
function checksumOf(event: Uint8Array): number {
  let checksum = 0
  for (let i = Math.max(0, event.length - CHECKSUM_BYTES); i < event.length; i++)
    checksum = 256 * checksum + event[i]
  return checksum
}
