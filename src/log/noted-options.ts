import type { RouterOptions } from '../policy/options.js'
import type { OptionNotes } from '../router/option-notes.js'
import { checkRouterOptions, resolveOptions } from '../router/resolve-options.js'
import type { Made } from './made.js'
import { optionItems } from './option-items.js'
import { optionOf } from './option-review.js'
import { readOptionsNote, writeOptionsNote } from './options-note.js'
import type { JournalOptions } from './resolve-journal.js'
import type { Store } from './store.js'
import { within } from './timeout.js'

/** What options have said, as the note beside a log has it: of all processes on that log. */
export class NotedOptions implements OptionNotes {
  private readonly made: Made
  private readonly store: Store
  private readonly closeMs: number
  private last: Promise<void> = Promise.resolve()

  constructor(made: Made, store: Store, { closeMs }: JournalOptions) {
    this.made = made
    this.store = store
    this.closeMs = closeMs
  }

  async edited(options: RouterOptions): Promise<ReadonlySet<string> | null> {
    const given = checkRouterOptions(options)
    const texts = await this.textsOf(given)
    const said = await readOptionsNote(this.store)
    if (said === null) return null
    const isGiven = (path: string) => Object.hasOwn(given, optionOf(path))
    const paths = [...texts.keys(), ...[...said.keys()].filter(isGiven)]
    return new Set(paths.filter((path) => said.get(path) !== texts.get(path)))
  }

  note(options: RouterOptions, paths: Iterable<string>): Promise<void> {
    const given = checkRouterOptions(options)
    const names = new Set(paths)
    const written = this.last.then(() => this.write(given, names))
    this.last = written.catch(() => {})
    return written
  }

  idle(): Promise<void> {
    return this.last
  }

  private async write(options: RouterOptions, paths: ReadonlySet<string>): Promise<void> {
    const texts = await this.textsOf(options)
    // Not before the events are durable: else a crash between would leave options that were heard, and changed nothing.
    const { journal } = this.made.parts.committer
    if (journal !== null) await within(journal.flush(), this.closeMs, this.store, 'edited options were')
    const said = new Map(await readOptionsNote(this.store))
    for (const path of paths) {
      const text = texts.get(path)
      if (text === undefined) said.delete(path)
      else said.set(path, text)
    }
    await writeOptionsNote(this.store, said)
  }

  /** What options say, by path. */
  private async textsOf(given: RouterOptions): Promise<ReadonlyMap<string, string>> {
    const { parts, policy, given: first, options: resolved } = this.made
    const options = resolveOptions({ ...first, ...given }, resolved.encoder)
    const { state, pendingTtlMs } = parts.committer
    const items = await optionItems({ parts, policy, given, options }, state, null, pendingTtlMs)
    return new Map(items.flatMap(({ field, given }) => (given === null ? [] : [[field, given] as const])))
  }
}
