import { stringify } from 'yaml'
import { usd } from '../../base/format.js'
import type { Json } from '../../base/json.js'
import { canBeAlias } from '../../gateway/config/alias-shape.js'
import type { ModelSpec } from '../../index.js'
import type { ListEntry } from './list-entries.js'
import { ADMIN_KEY, LISTEN } from './upstream-tree.js'
import type { WantedModel } from './wanted-model.js'

/** A request as budgets are compared with it. */
export const REQUEST = { inputTokens: 1000, outputTokens: 300 }
export const REQUEST_TEXT = '1,000 tokens in and 300 out'

export interface FirstModel extends WantedModel {
  readonly prices: ModelSpec
  readonly entry: ListEntry | undefined
}

/** What a first config limits; null: it says how to. */
export interface FirstBudget {
  readonly usdPerRequest: number | null
  readonly usdPerMonth: number | null
}

export interface FirstConfig {
  readonly upstreams: readonly Json[]
  /** In the order of the command. */
  readonly models: readonly FirstModel[]
  readonly budget: FirstBudget
  readonly admin: Json | null
  readonly prices: {
    /** What people call the list. */
    readonly shown: string
    /** `2026-11-30` */
    readonly day: string
    /** `prices` of the config; null: what stands there has to be written by hand. */
    readonly tree: Json | null
    /** An address with something in it that may be secret. */
    readonly isSecret: boolean
  }
}

const LINE = 120
/** What means more than itself as a name of `aliases`: any other name, and what YAML merges. */
const OTHERS = ['*', '<<']

/** Dollars for a request as budgets are compared with it. */
export function requestUsd({ inputUsdPerMTok, outputUsdPerMTok }: ModelSpec): number {
  const { inputTokens, outputTokens } = REQUEST
  return (inputTokens * inputUsdPerMTok + outputTokens * outputUsdPerMTok) / 1e6
}

/** The file: YAML whose comments say what its reader may want to change. */
export function firstConfigText(config: FirstConfig): string {
  const { upstreams, models, admin, prices } = config
  const { host, port } = LISTEN
  return [
    '# yaml-language-server: $schema=node_modules/paretobandit/docs/gateway.schema.json',
    "# Written by 'paretobandit init'. docs/GATEWAY.md says what each part means; what is left out has the default that stands there.",
    '',
    `listen: { host: ${host}, port: ${port} }`,
    'store: { kind: sqlite, file: paretobandit.db } # in the folder where it is started',
    '',
    ...budgetLines(config),
    '',
    'upstreams:',
    ...upstreams.flatMap((tree) => [...packageLines(tree), ...entryLines(tree)]),
    '',
    `# USD per million tokens, as ${oneLine(prices.shown)} had them on ${prices.day}.`,
    'models:',
    ...models.flatMap((model) => entryLines(modelTree(model))),
    '',
    ...priceLines(prices),
    '',
    ...aliasLines(models),
    '',
    '# The admin API, and the figures of the dashboard at /dashboard.',
    ...(admin === null
      ? [
          `# For them put a key of 16 characters or more into the environment as ${ADMIN_KEY}, and write`,
          `# admin: { key: $${ADMIN_KEY} }`,
        ]
      : [`admin: ${flow(admin)}`]),
    '',
  ].join('\n')
}

/** Names of models as their providers have them, which clients may go on to say. */
export function namesOf(models: readonly WantedModel[]): readonly string[] {
  const ids = models.map(({ id }) => id)
  return [...new Set(models.map(({ model }) => model))].filter(
    (name) => canBeAlias(name) && !OTHERS.includes(name) && !ids.includes(name),
  )
}

function budgetLines({ models, budget: { usdPerRequest, usdPerMonth } }: FirstConfig): readonly string[] {
  const costs = models.map(({ prices }) => requestUsd(prices))
  const suggested = suggestedUsd(costs)
  const isReasoning = models.some(({ entry }) => entry?.capabilities?.includes('reasoning') === true)
  const rows = models
    .map(({ id, prices }): [number, string] => [requestUsd(prices), id])
    .sort(([a], [b]) => a - b)
    .map(([cost, id]) => `#   ${usd(cost)}  ${id}`)
  return [
    '# What a request may cost on average: dear models are paid for where they answer better, as long as the mean holds.',
    `# Choose it between what the cheapest and the dearest cost. Of ${REQUEST_TEXT} that is here`,
    ...rows,
    ...(isReasoning
      ? ['# What a model thinks is output, too: those that reason may cost a multiple of this.']
      : []),
    ...(usdPerRequest === null
      ? [
          ...(usdPerMonth === null
            ? ['# Without it, and without caps, whoever answers best is asked, at any price.']
            : []),
          ...(suggested > 0 ? [`# budget: { usdPerRequest: ${suggested} }`] : []),
        ]
      : [`budget: { usdPerRequest: ${usdPerRequest} }`]),
    '',
    '# A limit that no month exceeds, of a calendar by UTC (timeZone: Europe/Berlin is another). As it comes near, requests get cheaper.',
    ...(usdPerMonth === null
      ? ['# caps:', '#   - { usd: 100, per: month }']
      : ['caps:', `  - { usd: ${usdPerMonth}, per: month }`]),
  ]
}

function packageLines(tree: Json): readonly string[] {
  if (tree.protocol === 'anthropic')
    return [
      "  # Clients of Anthropic's messages alone reach it. For those of OpenAI's protocol too: npm install @ai-sdk/anthropic, and write",
      "  # protocol: ai-sdk, package: '@ai-sdk/anthropic', without a baseUrl.",
    ]
  return tree.protocol === 'ai-sdk'
    ? [
        "  # By this package of the AI SDK clients of OpenAI's and of Anthropic's protocol both reach it. Where it is started:",
        `  # npm install ${String(tree.package)}`,
      ]
    : []
}

function modelTree({ id, provider, model, prices: { id: _, ...prices }, entry }: FirstModel): Json {
  return {
    id,
    upstream: provider.id,
    upstreamModel: model,
    prices,
    ...(entry?.contextTokens == null ? {} : { contextTokens: entry.contextTokens }),
    ...(entry?.maxInputTokens == null ? {} : { maxInputTokens: entry.maxInputTokens }),
    ...(entry?.maxOutputTokens == null ? {} : { maxOutputTokens: entry.maxOutputTokens }),
    ...(entry?.capabilities == null ? {} : { capabilities: entry.capabilities }),
  }
}

function priceLines({ tree, shown, isSecret }: FirstConfig['prices']): readonly string[] {
  if (tree !== null)
    return [
      `# The list is read at the start and every six hours; a price that is far off is not taken${tree.accept === undefined ? '' : ", but of models under 'accept'"}. Take this out to keep those above.`,
      'prices:',
      ...memberLines(tree).map((line) => `  ${line}`),
    ]
  const what = isSecret
    ? [
        '# Prices stay as they are here. To read the list again and again, put its address into the environment, and write',
        '# prices: { source: $PRICE_LIST_URL }',
      ]
    : [
        `# Prices stay as they are here: ${oneLine(shown)} is a file. A list at an address is read again and again (docs/PRICES.md).`,
      ]
  return what
}

function aliasLines(models: readonly WantedModel[]): readonly string[] {
  const names = namesOf(models)
  return [
    "# Names that clients send already, and that mean 'auto' here: they change their base URL alone, and the router chooses. To have",
    '# a name mean one model, write its id. Ids, as above, always mean the model itself.',
    ...(names.length === 0 ? ['# aliases:'] : ['aliases:', ...names.map((name) => `  ${flow(name)}: auto`)]),
    "#   '*': auto # any other name, too",
  ]
}

function entryLines(tree: Json): string[] {
  return memberLines(tree).map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`)
}

/** A line a member, objects in one line where that is short. */
function memberLines(tree: Json): string[] {
  return Object.entries(tree).flatMap(([name, value]) => {
    const line = `${name}: ${flow(value)}`
    if (line.length <= LINE - 4) return [line]
    const block = stringify(value, { lineWidth: LINE, singleQuote: true }).trimEnd().split('\n')
    return [`${name}:`, ...block.map((each) => `  ${each}`)]
  })
}

function flow(value: unknown): string {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string' && /^\w+$/.test(each)))
    return `[${value.join(', ')}]`
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, singleQuote: true }).trim()
}

/** Between the cheapest and the dearest, with two digits that say something; 0: all are free. */
function suggestedUsd(costs: readonly number[]): number {
  const [least, most] = [Math.min(...costs), Math.max(...costs)]
  const amount = least > 0 ? Math.sqrt(least * most) : most / 2
  return Number(amount.toPrecision(2))
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}
