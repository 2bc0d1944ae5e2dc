import { InvalidArgumentError } from 'commander'
import { visible } from '../../base/visible.js'
import type { PriceFormat } from '../../prices/index.js'
import type { ListEntry } from './list-entries.js'
import { nearestProvider, providerCalled, START_PROVIDERS, type StartProvider } from './providers.js'

/** A model that a first config is asked for. */
export interface WantedModel {
  /** What it is called in the config. */
  readonly id: string
  readonly provider: StartProvider
  /** What its provider calls it. */
  readonly model: string
}

/** Ids are of at most 200 visible characters of ASCII. */
const MODEL = /^[!-~]{1,180}$/

/** `PROVIDER/MODEL`, which may be given several times. */
export function modelFlag(text: string, before: readonly WantedModel[] = []): readonly WantedModel[] {
  const slash = text.indexOf('/')
  const [word, model] = [text.slice(0, Math.max(0, slash)), text.slice(slash + 1)]
  if (slash < 1 || model === '')
    throw new InvalidArgumentError('Expected PROVIDER/MODEL, such as openai/gpt-5-nano.')
  const provider = providerCalled(word)
  if (provider === undefined) {
    const near = nearestProvider(word)
    const hint = near === undefined ? '' : ` Did you mean ${near}/${visible(model)}?`
    const known = START_PROVIDERS.map(({ id }) => id).join(', ')
    throw new InvalidArgumentError(
      `Expected one of these providers before the first slash: ${known}.${hint} Others are written by hand: docs/GATEWAY.md.`,
    )
  }
  if (!MODEL.test(model))
    throw new InvalidArgumentError('Expected 1 to 180 visible ASCII characters after the first slash.')
  const id = `${provider.id}/${model}`
  if (before.some((each) => each.id === id)) throw new InvalidArgumentError(`Expected ${id} once.`)
  return [...before, { id, provider, model }]
}

/** Whether a word begins as a model of a provider does. */
export function isModelName(word: string): boolean {
  return word.includes('/') && providerCalled(word.slice(0, word.indexOf('/'))) !== undefined
}

/** Where a list has a model: its entry, if it has one, and the name under which its price is looked up. */
export function listedAs(
  { id, provider, model }: WantedModel,
  entries: readonly ListEntry[],
  format: PriceFormat,
  as: ReadonlyMap<string, string>,
): { readonly name: string; readonly entry: ListEntry | undefined } {
  const given = as.get(id)
  const word = provider.words[format]
  const isHere = (each: ListEntry) => each.model === model && isOf(each, provider, format)
  const usual =
    word === undefined || (format === 'openrouter' && word === 'openrouter') ? model : `${word}/${model}`
  const called = (wanted: string) => entries.find(({ name }) => name === wanted)
  const entry =
    given === undefined
      ? (entries.find(isHere) ?? called(format === 'paretobandit' ? model : usual))
      : called(given)
  return { name: given ?? entry?.name ?? usual, entry }
}

/** Whether a model of a list is one that this provider answers for, under this name. */
export function isOf(entry: ListEntry, provider: StartProvider, format: PriceFormat): boolean {
  if (format === 'openrouter') return provider.id === 'openrouter'
  if (format === 'paretobandit') return providerCalled(entry.provider) === provider
  return entry.provider === provider.words[format]
}
