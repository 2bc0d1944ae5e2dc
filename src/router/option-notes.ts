import type { RouterOptions } from '../policy/options.js'

/** What starts and `noteOptions` of all processes of a log have said, by path of an option. */
export interface OptionNotes {
  /** Paths where options say otherwise. Null where that is not known. @throws what the store throws */
  edited(options: RouterOptions): Promise<ReadonlySet<string> | null>
  /** Says these paths as the options have them. @throws what the store throws */
  note(options: RouterOptions, paths: Iterable<string>): Promise<void>
  /** Resolves when nothing is being written, whatever came of it. */
  idle(): Promise<void>
}
