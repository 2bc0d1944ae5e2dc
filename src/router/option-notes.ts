import type { RouterOptions } from '../policy/options.js'

/** What starts and `noteOptions` of all processes of a log have said, by path of an option. */
export interface OptionNotes {
  /**
   * Paths where options say otherwise; what this process has said counts as said while the store has not confirmed it. Null
   * where that is not known. @throws what the store throws, and STORE_UNREACHABLE where it does not answer
   */
  edited(options: RouterOptions): Promise<ReadonlySet<string> | null>
  /**
   * Of these paths, those that nobody has said as the options have them, and those of options that are not given: they are unknown from
   * then on, and this process's to change and to note. Of processes that claim the same at once one gets it, and the others wait for
   * what it notes, two seconds at most: then it counts as gone, and one of the others gets it. Null where it is not known. A claim that
   * the store does not take, or not in time, counts as taken, and is noted with the next note: so each of several processes may get
   * the same path while the store fails or hangs, as on a store without `replaceNote`. @throws as `edited`, where nothing was read
   */
  claim(options: RouterOptions, paths: Iterable<string>): Promise<ReadonlySet<string> | null>
  /**
   * Says these paths as the options have them. Those of an option that is not given are unknown from then on: whatever options
   * say of them next is an edit. So they are named before they are changed, and a process that is killed on the way leaves no
   * change that nobody has said. What the store does not take is said again with the next note, and by `idle`.
   * @throws what the store throws, and STORE_UNREACHABLE where it does not answer in time: the note is written when it does
   */
  note(options: RouterOptions, paths: Iterable<string>): Promise<void>
  /** Resolves when nothing is being written, or the store does not answer in time, whatever came of it. */
  idle(): Promise<void>
}
