import type { LeftOutReason } from '../../evaluate/import-log/index.js'

/** A record of a log and where it stands (`file:line`, or `file[entry]` of an array), or why it could not be read. */
export type LogRecord =
  | {
      readonly place: string
      readonly value: unknown
      /** The last row of a table, after which no line ends: it may be cut. */
      readonly isUnended?: true
    }
  | { readonly place: string; readonly problem: LeftOutReason }
