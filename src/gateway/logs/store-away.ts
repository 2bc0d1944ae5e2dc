import { isRecord } from '../../base/check.js'

const AWAY =
  'see that the store runs, and that its address, password and what its user may do are right; what needs it waits or is refused until then, and goes on by itself'
const FULL = 'make room; what needs it waits or is refused until then, and goes on by itself'
const READ_ONLY =
  'point it at the primary, or mend the disk; what needs it waits or is refused until then, and goes on by itself'

/** What an operator does about a store that comes back, by the code of its failure: of the log, of Redis and files beside it. */
const ADVICE: ReadonlyMap<unknown, string> = new Map([
  ['STORE_UNREACHABLE', AWAY],
  ['REDIS_UNAVAILABLE', AWAY],
  ['STORE_FULL', FULL],
  ['ENOSPC', FULL],
  ['EDQUOT', FULL],
  ['STORE_READ_ONLY', READ_ONLY],
  ['EROFS', READ_ONLY],
  [
    'JOURNAL_FULL',
    'a line `the store fails` says why, if there is one: otherwise it is slower than the traffic; what needs it is refused until then, and goes on by itself',
  ],
  ['NOTES_UNAVAILABLE', 'a line beside this says why notes are not written; it goes on by itself'],
])

export interface StoreAway {
  readonly code: string
  readonly advice: string
}

/** Why something failed, where that is a store which is away, full or takes no writes for now; null: it is another failure. */
export function storeAway(error: unknown): StoreAway | null {
  const code = error instanceof Error && isRecord(error) ? error.code : undefined
  const advice = ADVICE.get(code)
  return typeof code === 'string' && advice !== undefined ? { code, advice } : null
}
