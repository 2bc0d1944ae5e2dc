import type { SaidOptions } from '../policy/option-item.js'
import type { RouterOptions } from '../policy/options.js'
import type { OptionNotes } from '../router/option-notes.js'
import { checkRouterOptions, resolveOptions } from '../router/resolve-options.js'
import type { Made } from './made.js'
import { optionItems } from './option-items.js'
import { optionOf } from './option-review.js'
import {
  changeOptionsNote,
  claimedBy,
  isClaimed,
  isUnknown,
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

/** What came of a try to claim: the paths (null: what is noted is not known), or why it is to be tried again. */
type Tried = ReadonlySet<string> | null | 'others-claim' | 'others-wrote'

/** Another process has claimed a path and not said yet what it is: it is asked about again so often, and then counts as gone. */
const OTHERS_MS = 50
const OTHERS_ASKED = 40

/** What options have said, as the note beside a log has it: of all processes on that log. */
export class NotedOptions implements OptionNotes {
  private readonly made: Made
  private readonly store: Store
  /** Text of the paths that this process has claimed, until it says them. */
  private readonly claimed: string
  private readonly closeMs: number
  /**
   * What this process has said and the store has not confirmed. It counts here as if it were noted, and is written with
   * what is said next, or when somebody waits for the note.
   */
  private readonly unwritten = new Map<string, Saying>()
  /** Ends when all that was said so far stands in `unwritten`. It asks the store nothing. */
  private heard: Promise<void> = Promise.resolve()
  /** What this process has said last, claims as well, written or not. */
  private readonly latest = new Map<string, Saying>()
  /**
   * One write at a time. One that takes longer than `closeMs` holds up the next no more: where the store replaces what was read it
   * cannot overtake, and elsewhere all wait.
   */
  private last: Promise<void> = Promise.resolve()

  /** @param origin what no other process on the log is called */
  constructor(made: Made, store: Store, origin: string, { closeMs }: JournalOptions) {
    this.made = made
    this.store = store
    this.claimed = claimedBy(origin)
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
    const isNews = (path: string, said: ReadonlyMap<string, string>) =>
      !isGiven(given, path) || said.get(path) !== texts.get(path)
    const asked = new Map<string, number>()
    await this.heard
    for (let tries = 0; tries < TRIES_MAX; ) {
      const tried = await this.tryClaim((said) => {
        const news = names.filter((path) => isNews(path, said))
        const noted = news.flatMap((path) => (isGiven(given, path) ? [said.get(path) ?? UNKNOWN] : []))
        return this.areAwaited(noted, asked) ? null : news
      })
      if (tried === 'others-wrote') tries++
      else if (tried === 'others-claim') await new Promise((resolve) => setTimeout(resolve, OTHERS_MS))
      else return tried
    }
    return null
  }

  /** @param newsIn what to claim, as it stands in the note; null: others have claimed it, and are waited for */
  private async tryClaim(
    newsIn: (said: ReadonlyMap<string, string>) => readonly string[] | null,
  ): Promise<Tried> {
    const saying = { text: this.claimed }
    const before = new Map(this.latest)
    const attempt: { news: readonly string[] | null; isGivenUp: boolean } = { news: null, isGivenUp: false }
    const tried = this.inTurn(async (): Promise<Tried> => {
      // What is written meanwhile may be missing in what is read.
      const own = new Map(this.unwritten)
      const note = await readOptionsNote(this.store)
      if (note.said === null) return null
      const news = newsIn(merged(note.said, own))
      if (news === null || attempt.isGivenUp) return 'others-claim'
      if (news.length === 0) return new Set()
      attempt.news = news
      const unknown = merged(note.said, new Map(news.map((path) => [path, saying])))
      if (!(await writeOptionsNote(this.store, note, unknown))) return 'others-wrote'
      // Where the store was slow, or this process was, it may have counted as gone.
      const { said } = await readOptionsNote(this.store)
      return news.every((path) => said?.get(path) === this.claimed) ? new Set(news) : 'others-wrote'
    })
    const claim = (isWritten: boolean) => {
      for (const path of attempt.news ?? []) {
        // Said meanwhile: no longer the claim's.
        if (this.latest.get(path) !== before.get(path)) continue
        this.latest.set(path, saying)
        if (isWritten) this.unwritten.delete(path)
        else this.unwritten.set(path, saying)
      }
    }
    try {
      const result = await this.inTime(tried)
      if (typeof result !== 'string') claim(true)
      return result
    } catch (error) {
      attempt.isGivenUp = true
      if (attempt.news === null) throw error
      // It is written with what is said next.
      claim(false)
      return new Set(attempt.news)
    }
  }

  /**
   * Whether one of these is another's claim that may still be said; without other processes it is that of one that has ended.
   * @param asked how often it was waited for, by claim: counted on
   */
  private areAwaited(texts: Iterable<string>, asked: Map<string, number>): boolean {
    let areAwaited = false
    for (const text of new Set(texts)) {
      if (!this.store.isShared || !isClaimed(text) || text === this.claimed) continue
      const times = asked.get(text) ?? 0
      asked.set(text, times + 1)
      if (times < OTHERS_ASKED) areAwaited = true
    }
    return areAwaited
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

  /** Of a start: these paths are about to be changed, whoever else has claimed them. @throws what the store throws */
  take(paths: Iterable<string>): Promise<void> {
    const sayings = new Map([...paths].map((path) => [path, { text: this.claimed }] as const))
    return this.say(Promise.resolve(sayings))
  }

  /** What a start has said, in the place of what was noted before. @throws what the store throws */
  replace(before: SaidOptions, said: ReadonlyMap<string, string>): Promise<void> {
    const paths = [...(before?.keys() ?? []), ...said.keys()].filter(
      (path) => before?.get(path) !== said.get(path),
    )
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
        this.latest.set(path, saying)
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
    if ([...own.values()].some(({ text }) => text === null || !isUnknown(text)))
      await this.made.parts.committer.journal?.flush()
    await changeOptionsNote(this.store, (noted) => {
      // What has been said otherwise since, or written by a later call, is no longer this one's.
      for (const [path, saying] of own) if (this.unwritten.get(path) !== saying) own.delete(path)
      return own.size === 0 ? null : merged(noted, own)
    })
    for (const [path, saying] of own) if (this.unwritten.get(path) === saying) this.unwritten.delete(path)
  }

  /** Where the store replaces nothing: after what was begun before, as it writes all that it has read. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.store.replaceNote !== undefined) return work()
    const done = this.last.then(work)
    this.last = done.then(
      () => {},
      () => {},
    )
    return done
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
