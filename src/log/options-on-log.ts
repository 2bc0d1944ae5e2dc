import { ParetoBanditError } from '../base/errors.js'
import { visible } from '../base/visible.js'
import type { RouterEvent } from '../events/events.js'
import { dollarsText } from '../policy/option-item.js'
import type { Journal, Recovery } from '../router/journal.js'
import type { RoutingState } from '../state/routing-state.js'
import type { Made } from './made.js'
import { NotedOptions } from './noted-options.js'
import { resolveOnDifference } from './on-difference.js'
import { optionItems } from './option-items.js'
import { type OptionReview, reviewOptions } from './option-review.js'
import { readOptionsNote } from './options-note.js'
import type { JournalOptions } from './resolve-journal.js'
import type { OpenedLog, Store } from './store.js'

const BUDGET = 'budget.usdPerRequest'
const TTL = 'pendingTtlMs'

/** Puts a router on its journal, and then what its options say otherwise into the log. */
export type Attach = (journal: Journal, recovery: Recovery) => Promise<void>

/**
 * Compares what the options say with a log, before anything is written to it.
 * @param state the log's
 * @throws STORE_MISMATCH for a difference that is not to be
 */
export async function compareOptions(
  made: Made,
  store: Store,
  opened: OpenedLog,
  journalOptions: JournalOptions,
  state: RoutingState,
): Promise<Attach> {
  const { persistence, committer } = made.parts
  if (store.hasOwnOptions === true) return async (journal, recovery) => persistence.attach(journal, recovery)
  const { said } = await readOptionsNote(store)
  const kept = Number(said?.get(TTL) || opened.header.settings[TTL])
  if (kept > 0) committer.pendingTtlMs = kept
  const items = await optionItems(made, state, said, committer.pendingTtlMs)
  const usd = opened.header.settings.budgetUsdPerRequest
  const first = new Map([[BUDGET, dollarsText(typeof usd === 'number' ? usd : null)]])
  const review = reviewOptions(items, {
    given: givenOptions(made),
    said,
    first,
    choiceOf: resolveOnDifference(made.given.onDifference),
    store: store.description,
    told: (line) => journalOptions.onWarning(visible(line)),
  })
  refuseNoModels(review, state, store)
  const isHeard = said !== null && sameEntries(said, review.said)
  const notes = new NotedOptions(made, store, opened.origin, journalOptions)
  // A process that is killed on the way may have applied what nothing notes: the next start hears its options.
  const fields = review.changes.map(({ field }) => field)
  if (said !== null && fields.length > 0) await notes.take(fields).catch(journalOptions.onStoreError)
  return async (journal, recovery) => {
    const { differences } = review
    persistence.attach(journal, { ...recovery, differences })
    committer.recovery = { ...recovery, differences, applied: change(made, review) }
    persistence.optionNotes = notes
    if (isHeard || review.said.size === 0) return
    // What is not noted is written with the next note of this process; else the next start compares with what was said before.
    await notes.replace(said, review.said).catch(journalOptions.onStoreError)
  }
}

/**
 * A list of models that came out empty is a mistake of the program that made it.
 * @throws STORE_MISMATCH where options would disable the last model
 */
function refuseNoModels(
  { changes, differences }: OptionReview,
  { registry }: RoutingState,
  store: Store,
): void {
  const enabled = new Set([...registry.models].flatMap(({ id, enabled }) => (enabled ? [id] : [])))
  if (enabled.size === 0) return
  for (const { model } of changes) {
    if (model?.isEnabled === true) enabled.add(model.id)
    else if (model !== undefined) enabled.delete(model.id)
  }
  if (enabled.size > 0) return
  const told = differences.filter((line) => line.startsWith('models[')).join('; ')
  const message = `the option models would leave no model that is enabled; leave it out to take those of the log: ${told}`
  throw new ParetoBanditError('STORE_MISMATCH', store.description, message)
}

/** By the commands that operators give. @returns the events */
function change({ parts }: Made, { changes }: OptionReview): readonly RouterEvent[] {
  const applied: RouterEvent[] = []
  const end = parts.committer.emitter.on('*', (event) => applied.push(event))
  for (const { make } of changes) make?.()
  end()
  return applied
}

function givenOptions({ given }: Made): ReadonlySet<string> {
  return new Set(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name])))
}

function sameEntries(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}
