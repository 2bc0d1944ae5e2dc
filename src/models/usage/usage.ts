import { withCacheInPrompt } from '../../base/cache-in-prompt.js'
import { checkRecord, isRecord } from '../../base/check.js'
import { expected, expectedGot } from '../../base/errors.js'
import { SERVICE_TIERS, type ServiceTier } from '../service-tier.js'
import {
  TOKEN_KIND_ROWS,
  TOKEN_KINDS,
  type TokenCounts,
  type TokenKinds,
  type TokenSide,
} from '../token-kinds.js'
import { providerOf } from './detect.js'
import { BillRemarks, type UsageFlag } from './flags.js'
import { type ModalityCounts, USAGE_SHAPES, type UsageProvider, type UsageShape } from './providers.js'
import { CountReader } from './read-count.js'

export { USAGE_FLAGS, type UsageFlag } from './flags.js'

interface NormalisedUsage {
  readonly provider: UsageProvider
  readonly tokens: TokenCounts
  readonly flags: readonly UsageFlag[]
  /** How the request was served, if the usage says so; null: it does not, or at full price. */
  readonly serviceTier: ServiceTier | null
}

/** Tokens by name of kind. */
type Counts = Map<string, number>

/** Of most sides: a map is made with the first count of a part. Nothing is put into it. */
const NO_COUNTS: Counts = new Map()

/** The tokens of one side while a usage is read. */
interface Side {
  whole: number | null
  rest: number | null
  within: Counts
  beside: Counts
}

/** The tokens of one side, when all that is said of it has been read. */
interface SettledSide {
  all: number
  /** Disjoint, and together no more than all. */
  readonly parts: Counts
}

const SIDES = ['input', 'output'] as const
const SIDE_OF = new Map<string, TokenSide>(TOKEN_KIND_ROWS.map(({ name, side }) => [name, side]))

/**
 * The tokens of a provider's usage object, as the provider gave it. Fields that are null or missing count nothing.
 * @throws INVALID_ARGUMENT naming the field: for an object that is no usage or has no count, and for a count that is no
 *   amount
 */
export function normaliseUsage(value: unknown, field: string, kinds = TOKEN_KINDS): NormalisedUsage {
  const usage = readUsage(value, field, kinds)
  if (usage === 'unknown') {
    const what = 'a usage object of OpenAI, Anthropic, Gemini, Bedrock or the AI SDK'
    const keys = Object.keys(checkRecord(value, field))
    throw expected('INVALID_ARGUMENT', field, what, keys.slice(0, 5).join(', ') || 'none')
  }
  if (usage === 'empty')
    throw expectedGot('INVALID_ARGUMENT', field, 'a usage with a count of tokens', 'none')
  return usage
}

/**
 * The same; 'unknown' for what is no provider's, 'empty' for a usage whose counts tell nothing.
 * @param remarks may take what is no amount, and flag it
 * @throws INVALID_ARGUMENT likewise
 */
export function readUsage(
  value: unknown,
  field: string,
  kinds = TOKEN_KINDS,
  remarks = new BillRemarks(true),
): NormalisedUsage | 'unknown' | 'empty' {
  if (!isRecord(value)) {
    remarks.wrong('count-missing', () => checkRecord(value, field))
    return 'unknown'
  }
  const provider = providerOf(value)
  if (provider === null) return 'unknown'
  const usage = provider === 'openai-chat' ? withCacheInPrompt(value) : value
  const shape = USAGE_SHAPES[provider]
  const flags: UsageFlag[] = []
  const reader = new CountReader(usage, field, remarks)
  const sides = readFields(reader, shape, flags)
  for (const counts of shape.modalities) readModalities(reader, counts, sides[counts.side], kinds)
  const total = shape.total === null ? null : reader.count(shape.total)
  if (isEmpty(sides.input) && isEmpty(sides.output) && total === null) return 'empty'
  for (const side of SIDES)
    if (isEmpty(sides[side]) && namesWhole(usage, shape, side)) remark(flags, 'count-missing')
  const input = settleSide(sides.input, flags)
  moveReasoning(sides.output, total, input.all)
  const output = settleSide(sides.output, flags)
  raiseToTotal(input, output, total, flags)
  if (usesTools(usage)) remark(flags, 'other-charges')
  const told = {
    provider,
    tokens: countsOf(input, output, kinds),
    flags,
    serviceTier: SERVICE_TIERS.find((tier) => tier === usage.service_tier) ?? null,
  }
  if (provider === 'anthropic' || provider === 'openai-responses')
    return withIterations(told, usage, field, kinds, remarks)
  const raw = shape.raw === undefined ? undefined : usage[shape.raw]
  if (!isRecord(raw) || isOfLibrary(raw)) return told
  return withRaw(told, readUsage(raw, `${field}.${shape.raw}`, kinds, remarks))
}

/**
 * Anthropic's counts of an answer leave out what it took to sum the conversation up before it, and what other models did for it: each stands
 * in a usage of its own (platform.claude.com/docs, compaction). The first is of the same model; the price of the others is not known.
 */
function withIterations(
  told: NormalisedUsage,
  { iterations }: Record<string, unknown>,
  field: string,
  kinds: TokenKinds,
  remarks: BillRemarks,
): NormalisedUsage {
  if (!Array.isArray(iterations)) return told
  const flags = [...told.flags]
  const tokens: Record<string, number> & Record<TokenSide, number> = { ...told.tokens }
  iterations.forEach((each: unknown, i) => {
    if (!isRecord(each) || each.type === 'message') return
    if (each.type !== 'compaction') {
      remark(flags, 'other-charges')
      return
    }
    const { iterations: _, ...own } = each
    const more = readUsage(own, `${field}.iterations[${i}]`, kinds, remarks)
    if (typeof more === 'string') return
    for (const [kind, count] of Object.entries(more.tokens)) tokens[kind] = (tokens[kind] ?? 0) + count
    for (const flag of more.flags) remark(flags, flag)
  })
  return { ...told, tokens, flags }
}

/** A usage that has another within: a provider's own has none. */
function isOfLibrary(usage: Record<string, unknown>): boolean {
  const provider = providerOf(usage)
  return provider !== null && USAGE_SHAPES[provider].raw !== undefined
}

/** What the provider itself said tells more kinds, and counts where it leaves out no token that was told. */
function withRaw(told: NormalisedUsage, raw: NormalisedUsage | 'unknown' | 'empty'): NormalisedUsage {
  if (typeof raw === 'string') return told
  const serviceTier = told.serviceTier ?? raw.serviceTier
  const isWhole = SIDES.every((side) => raw.tokens[side] >= told.tokens[side])
  if (isWhole) return { ...raw, provider: told.provider, serviceTier }
  return { ...told, flags: [...new Set([...told.flags, 'raw-below'] as const)], serviceTier }
}

/** The sides of which a usage tells no count, or only that of a part: what they cost is not known. */
export function untoldSides(usage: object): readonly TokenSide[] {
  const provider = isRecord(usage) ? providerOf(usage) : null
  if (!isRecord(usage) || provider === null) return SIDES
  const reader = new CountReader(usage, 'usage', new BillRemarks(false))
  const sides = readFields(reader, USAGE_SHAPES[provider], [])
  return SIDES.filter((side) => {
    const { whole, rest, beside } = sides[side]
    return whole === null && rest === null && beside.size === 0
  })
}

/** Whether a usage has a field for all tokens of a side: usages of embeddings have none for output. */
function namesWhole(usage: Record<string, unknown>, { fields }: UsageShape, side: TokenSide): boolean {
  return fields.some(
    ({ counted, kind, paths }) =>
      counted === 'whole' && kind === side && paths.some((path) => Object.hasOwn(usage, path)),
  )
}

function readFields(
  reader: CountReader,
  { fields }: UsageShape,
  flags: UsageFlag[],
): Record<TokenSide, Side> {
  const sides = { input: newSide(), output: newSide() }
  for (const { paths, kind, counted, sumOf } of fields) {
    const count = firstCount(reader, paths)
    if (count === null) continue
    const side = sides[SIDE_OF.get(kind) ?? 'input']
    if (counted === 'whole') side.whole = (side.whole ?? 0) + count
    else if (counted === 'rest') side.rest = count
    else if (sumOf === undefined) put(side, counted, kind, count)
    else {
      const known = sumOf.map((name) => side[counted].get(name) ?? 0).reduce((sum, each) => sum + each, 0)
      if (known > 0 && known !== count) remark(flags, 'sum-differs')
      put(side, counted, kind, (side[counted].get(kind) ?? 0) + Math.max(0, count - known))
    }
  }
  return sides
}

function newSide(): Side {
  return { whole: null, rest: null, within: NO_COUNTS, beside: NO_COUNTS }
}

function put(side: Side, counted: 'within' | 'beside', kind: string, count: number): void {
  // None of a side whose whole is told: as if nothing had been said.
  if (count === 0 && side.whole !== null) return
  if (side[counted] === NO_COUNTS) side[counted] = new Map()
  side[counted].set(kind, count)
}

function remark(flags: UsageFlag[], flag: UsageFlag): void {
  if (!flags.includes(flag)) flags.push(flag)
}

/**
 * Proxies write a 0 under the names that they have not filled. Every path is read, so that a wrong count is reported wherever it
 * stands.
 */
function firstCount(reader: CountReader, paths: readonly string[]): number | null {
  let first: number | null = null
  for (let i = 0; i < paths.length; i++) {
    const count = reader.count(paths[i])
    first = first === 0 ? (count ?? 0) : (first ?? count)
  }
  return first
}

/** Tokens by what they encode, for the kinds that are told apart by it. Cached ones among them are cached tokens. */
function readModalities(
  reader: CountReader,
  { side: name, form, paths, cachedPaths }: ModalityCounts,
  side: Side,
  kinds: TokenKinds,
): void {
  // Most usages have none of these.
  if (!reader.begins(paths) && !reader.begins(cachedPaths)) return
  const count = (path: string, modality: string): number => {
    if (form === 'list') return reader.sum(path, 'modality', modality, 'tokenCount') ?? 0
    return reader.record(path)?.count(form === 'names' ? `${modality}_tokens` : modality) ?? 0
  }
  for (const { name: kind, side: sideOfKind, modality } of kinds.parts) {
    if (sideOfKind !== name || modality === undefined) continue
    const sum = (of: readonly string[]): number => of.reduce((all, path) => all + count(path, modality), 0)
    const tokens = Math.max(0, sum(paths) - sum(cachedPaths))
    if (tokens > 0) put(side, 'within', kind, (side.within.get(kind) ?? 0) + tokens)
  }
}

function isEmpty({ whole, rest, within, beside }: Side): boolean {
  return whole === null && rest === null && within.size === 0 && beside.size === 0
}

/** Some providers leave reasoning out of the output where others include it: then it is in the total on top of both. */
function moveReasoning(side: Side, total: number | null, input: number): void {
  const { whole, within } = side
  const reasoning = within.get('reasoning') ?? 0
  if (total === null || whole === null || reasoning === 0 || total < input + whole + reasoning) return
  within.delete('reasoning')
  put(side, 'beside', 'reasoning', reasoning)
}

/** The counts of a side: its whole, and parts that are disjoint and together no more than that. */
function settleSide({ whole, rest, within, beside }: Side, flags: UsageFlag[]): SettledSide {
  let all = whole ?? rest ?? 0
  if (within.size === 0 && beside.size === 0) return { all, parts: NO_COUNTS }
  const parts: Counts = new Map(within)
  for (const [kind, tokens] of beside) parts.set(kind, tokens)
  let outside = 0
  let included = 0
  for (const tokens of beside.values()) outside += tokens
  for (const tokens of within.values()) {
    if (whole !== null && tokens <= whole) included += tokens
    else {
      if (whole !== null) remark(flags, 'part-above-whole')
      outside += tokens
    }
  }
  if (included > all) {
    remark(flags, 'parts-above-whole')
    const cached = parts.get('cachedInput') ?? 0
    const given = Math.min(within.has('cachedInput') && cached <= all ? cached : 0, included - all)
    parts.set('cachedInput', cached - given)
    all = included - given
  }
  return { all: all + outside, parts }
}

/** Tokens that only the total knows of are charged as output. */
function raiseToTotal(
  input: SettledSide,
  output: SettledSide,
  total: number | null,
  flags: UsageFlag[],
): void {
  const known = input.all + output.all
  if (total === null || total <= known) return
  remark(flags, 'total-above-sides')
  output.all += total - known
}

function countsOf(input: SettledSide, output: SettledSide, kinds: TokenKinds): TokenCounts {
  const counts: Record<string, number> & Record<TokenSide, number> = { input: input.all, output: output.all }
  if (input.parts.size === 0 && output.parts.size === 0) return counts
  for (const { name } of kinds.parts) {
    const tokens = input.parts.get(name) ?? output.parts.get(name) ?? 0
    if (tokens > 0) counts[name] = tokens
  }
  return counts
}

/** Counts by tool: of Anthropic and OpenRouter, and of xAI. */
const TOOLS = ['server_tool_use', 'server_side_tool_usage_details'] as const
/** Of Perplexity and of xAI: what was searched, found and read, each at a price of its own. */
const SEARCHED = ['num_search_queries', 'citation_tokens', 'num_sources_used'] as const

/** Searches and the like, which are charged by the request. */
function usesTools(usage: Record<string, unknown>): boolean {
  if (SEARCHED.some((name) => isSome(usage[name]))) return true
  return TOOLS.some((name) => {
    const uses = usage[name]
    return isRecord(uses) && Object.values(uses).some(isSome)
  })
}

function isSome(count: unknown): boolean {
  return typeof count === 'number' && count > 0
}
