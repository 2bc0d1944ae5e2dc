import type { LogHeader } from '../../log/store.js'
import type { SqliteDriverChoice, SqliteDriverName } from './drivers/database.js'
import type { Failure } from './failure.js'

/** What the one writer of a file calls itself. */
export const ORIGIN = 'local'
/** Numbers left out after a crash: more events than can have been on their way to the file, their ids handed out. */
export const NUMBER_GAP = 65_536

export type Durability = 'full' | 'normal'

/** All that the worker must know about a file, checked. */
export interface LogSettings {
  readonly file: string
  readonly description: string
  readonly driver: SqliteDriverChoice
  readonly retainEvents: number
  readonly durability: Durability
  readonly lockWaitMs: number
  /** Largest size in pages, for tests of a full disk; null: none. */
  readonly pageCountMax: number | null
  /** Whether a file without a log is refused, instead of becoming one. */
  readonly mustExist: boolean
  /** The fold that a new log begins with, in place of its seed; null: none. */
  readonly snapshot: Uint8Array | null
}

/** What the thread of the store asks of its worker. Positions are numbers there. Buffers are transferred. */
export type Request =
  | {
      readonly op: 'open'
      readonly settings: LogSettings
      readonly header: LogHeader
      readonly seed: ArrayBuffer
    }
  | {
      readonly op: 'inspect'
      readonly file: string
      readonly description: string
      readonly driver: SqliteDriverChoice
    }
  | {
      readonly op: 'append'
      readonly origin: string
      readonly firstNumber: number
      readonly events: ArrayBuffer
    }
  | { readonly op: 'read'; readonly after: number }
  | { readonly op: 'snapshot'; readonly before: number }
  | { readonly op: 'writeSnapshot'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly op: 'note'; readonly name: string }
  | { readonly op: 'moved' }
  | { readonly op: 'writeNote'; readonly name: string; readonly text: string }
  | {
      readonly op: 'replaceNote'
      readonly name: string
      readonly before: string | null
      readonly text: string
    }
  | { readonly op: 'close' }

export interface Opened {
  readonly isNew: boolean
  readonly header: LogHeader
  readonly firstNumber: number
  /** Events up to here are no longer there. */
  readonly start: number
  readonly end: number
  readonly repairs: readonly string[]
}

/** Batches, and the events of all of them packed. */
export interface ReadEvents {
  readonly batches: readonly PlacedRun[]
  readonly events: ArrayBuffer
}

/** Events of one origin, their numbers in a row. */
export interface PlacedRun {
  readonly origin: string
  readonly firstNumber: number
  readonly count: number
  readonly position: number
}

export interface KeptSnapshot {
  readonly position: number
  readonly bytes: Uint8Array
}

/** What comes back for each request. */
export interface Results {
  open: Opened & { readonly driver: SqliteDriverName }
  inspect: Opened & { readonly driver: SqliteDriverName }
  append: number
  read: ReadEvents
  /** The latest before a position, or null. */
  snapshot: KeptSnapshot | null
  writeSnapshot: null
  note: string | null
  moved: string | null
  writeNote: null
  replaceNote: boolean
  close: null
}

export type Op = Request['op']

export type Call = Request & { readonly id: number }

export type Reply =
  | { readonly id: number; readonly value: Results[Op] }
  | { readonly id: number; readonly failure: Failure }
