import type { SaidOptions } from '../policy/option-item.js'
import type { RouterOptions } from '../policy/options.js'
import type { OptionNotes } from '../router/option-notes.js'
import { checkRouterOptions, resolveOptions } from '../router/resolve-options.js'
import type { Made } from './made.js'
import { optionItems } from './option-items.js'
import { optionOf } from './option-review.js'
import {
  changeOptionsNote,
  type OptionsNote,
  readOptionsNote,
  TRIES_MAX,
  UNKNOWN,
  writeOptionsNote,
} from './options-note.js'
import type { JournalOptions } from './resolve-journal.js'
import type { Store } from './store.js'
import { inTime } from './timeout.js'

/** What a path is said to be: a text, or null where the options have it no more. */
interface Saying {
  readonly text: string | null
}

type Sayings = ReadonlyMap<string, Saying>

/** Another process has claimed a path and not said yet what it is: it is asked about again so often, and then counts as gone. */
const OTHERS_MS = 50
const OTHERS_ASKED = 40

/** What options have said, as the note beside a log has it: of all processes on that log. */
export class NotedOptions implements OptionNotes {
  private readonly made: Made
  private readonly store: Store
  private readonly closeMs: number
  /**
   * What this process has said and the store has not confirmed. It counts here as if it were noted, and is written with
   * what is said next, or when somebody waits for the note.
   */
  private readonly unwritten = new Map<string, Saying>()
  /** Ends when all that was said so far stands in `unwritten`. It asks the store nothing. */
  private heard: Promise<void> = Promise.resolve()
  /** Paths that are noted as unknown by a claim of this process, until it says them. */
  private readonly claimed = new Set<string>()
  /**
   * One write at a time. One that takes longer than `closeMs` holds up the next no more: where the store replaces what was read it
   * cannot overtake, and elsewhere all wait.
   */
  private last: Promise<void> = Promise.resolve()

  constructor(made: Made, store: Store, { closeMs }: JournalOptions) {
    this.made = made
    this.store = store
    this.closeMs = closeMs
  }

  async edited(options: RouterOptions): Promise<ReadonlySet<string> | null> {
    const given = checkRouterOptions(options)
    const texts = await this.textsOf(given)
    await this.heard
    const own = new Map(this.unwritten)
    const { said: noted } = await this.inTime(readOptionsNote(this.store))
    if (noted === null) return null
    const said = merged(noted, own)
    const paths = [...texts.keys(), ...[...said.keys()].filter((path) => isGiven(given, path))]
    return new Set(paths.filter((path) => said.get(path) !== texts.get(path)))
  }

  async claim(options: RouterOptions, paths: Iterable<string>): Promise<ReadonlySet<string> | null> {
    const given = checkRouterOptions(options)
    const texts = await this.textsOf(given)
    const names = [...paths]
    await this.heard
    for (let asked = 0, tries = 0; tries < TRIES_MAX; ) {
      // What is written meanwhile may be missing in what is read.
      const own = new Map(this.unwritten)
      const note = await this.inTime(readOptionsNote(this.store))
      if (note.said === null) return null
      const said = merged(note.said, own)
      const news = names.filter((path) => !isGiven(given, path) || said.get(path) !== texts.get(path))
      if (news.length === 0) return new Set()
      if (asked < OTHERS_ASKED && news.some((path) => isGiven(given, path) && this.isOthers(path, said))) {
        asked++
        await new Promise((resolve) => setTimeout(resolve, OTHERS_MS))
      } else if (await this.replaced(note, news)) return new Set(news)
      else tries++
    }
    return null
  }

  private isOthers(path: string, said: ReadonlyMap<string, string>): boolean {
    return said.get(path) === UNKNOWN && !this.unwritten.has(path) && !this.claimed.has(path)
  }

  /** Notes paths as unknown. @returns false: another has written since */
  private async replaced(note: OptionsNote, paths: readonly string[]): Promise<boolean> {
    const unknown = new Map(paths.map((path) => [path, { text: UNKNOWN }] as const))
    try {
      if (!(await this.inTime(writeOptionsNote(this.store, note, merged(note.said, unknown))))) return false
    } catch {
      // It is written with what is said next.
      for (const [path, saying] of unknown) this.unwritten.set(path, saying)
      return true
    }
    for (const path of paths) {
      this.claimed.add(path)
      this.unwritten.delete(path)
    }
    return true
  }

  note(options: RouterOptions, paths: Iterable<string>): Promise<void> {
    const given = checkRouterOptions(options)
    const names = [...paths]
    const sayings = this.textsOf(given).then((texts) => {
      const textOf = (path: string) => (isGiven(given, path) ? (texts.get(path) ?? null) : UNKNOWN)
      return new Map(names.map((path) => [path, { text: textOf(path) }] as const))
    })
    return this.say(sayings)
  }

  /** What a start has said, in the place of what was noted before. @throws what the store throws */
  replace(before: SaidOptions, said: ReadonlyMap<string, string>): Promise<void> {
    const paths = [...(before?.keys() ?? []), ...said.keys()]
    return this.say(Promise.resolve(new Map(paths.map((path) => [path, { text: said.get(path) ?? null }]))))
  }

  async idle(): Promise<void> {
    await this.heard
    if (this.unwritten.size > 0) this.begin()
    await this.inTime(this.last).catch(() => {})
  }

  private say(sayings: Promise<Sayings>): Promise<void> {
    const heard = Promise.all([sayings, this.heard]).then(([said]) => {
      for (const [path, saying] of said) {
        this.unwritten.set(path, saying)
        this.claimed.delete(path)
      }
    })
    this.heard = heard.catch(() => {})
    return this.inTime(this.begin(heard))
  }

  private begin(heard: Promise<void> = this.heard): Promise<void> {
    const turn = Promise.all([heard, this.last])
    const written = turn.then(() => this.write())
    const isOrdered = this.store.replaceNote === undefined
    this.last = turn.then(() => (isOrdered ? written : this.inTime(written))).catch(() => {})
    return written
  }

  private async write(): Promise<void> {
    const own = new Map(this.unwritten)
    if (own.size === 0) return
    // Not before the events are durable: else a crash between would leave options that were heard, and changed nothing.
    if ([...own.values()].some(({ text }) => text !== UNKNOWN))
      await this.made.parts.committer.journal?.flush()
    await changeOptionsNote(this.store, (noted) => {
      // What has been said otherwise since, or written by a later call, is no longer this one's.
      for (const [path, saying] of own) if (this.unwritten.get(path) !== saying) own.delete(path)
      return own.size === 0 ? null : merged(noted, own)
    })
    for (const [path, saying] of own) if (this.unwritten.get(path) === saying) this.unwritten.delete(path)
  }

  private inTime<T>(work: Promise<T>): Promise<T> {
    const message = `the note of options was still waiting for it after ${this.closeMs} ms`
    return inTime(work, this.closeMs, this.store, message)
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

function isGiven(options: RouterOptions, path: string): boolean {
  return Object.hasOwn(options, optionOf(path))
}

function merged(noted: SaidOptions, own: Sayings): ReadonlyMap<string, string> {
  const said = new Map(noted)
  for (const [path, { text }] of own) {
    if (text === null) said.delete(path)
    else said.set(path, text)
  }
  return said
}
