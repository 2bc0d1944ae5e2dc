import type { Json } from '../../base/json.js'
import type { Bill } from '../../router/bill.js'
import type { LeftOutReason } from './reasons.js'

/** A call of a model as a log has it, whatever the log's format. */
export interface LoggedCall {
  /** Null where the log has none: then nothing is known to be the same. */
  readonly id: string | null
  /** Milliseconds since 1970; null where the log does not say, NaN where it says what cannot be read. */
  readonly at: number | null
  /** What the log calls the model, the name that tells most first. */
  readonly models: readonly string[]
  readonly prompt: string | null
  /** USD; null where the log has none, NaN where it has something else. */
  readonly costUsd: number | null
  /** The tokens; null where the log has none. */
  readonly bill: Bill | null
  readonly isStream: boolean
  /** Ids that scores of another file may name, the closest first. */
  readonly scoreIds: readonly string[]
  /** Scores that came with the call. */
  readonly scores: unknown
  /** Why nobody can use it; null where nothing speaks against it. */
  readonly unusable: LeftOutReason | null
}

/** A format of logs. */
export interface LogFormat {
  readonly name: string
  /** Whether a record is of this format, told by the names of its fields. */
  fits(record: Json): boolean
  /** @param promptOf finds a prompt that another file has, by its id */
  read(record: Json, promptOf: (id: string) => string | null): LoggedCall
}
