import type { Command } from 'commander'
import { checkRecord } from '../base/check.js'
import { SERVICE_TIERS, type ServiceTier } from '../models/service-tier.js'
import { readTokenCounts } from '../models/token-counts.js'
import { TOKEN_KINDS } from '../models/token-kinds.js'
import { providerOf } from '../models/usage/detect.js'
import { normaliseUsage } from '../models/usage/usage.js'
import type { Bill } from '../router/bill.js'
import { readCorrection } from '../router/given-feedback.js'
import { parseJson, readJsonFile, readStandardInput } from './files.js'
import { amountFlag, wordFlag } from './flags.js'

/** What the flags of a bill hold: a count under the name of each kind, `cachedInputTokens` and the like. */
export interface BillFlags {
  readonly cost?: number
  readonly usage?: string
  readonly serviceTier?: ServiceTier
}

/** Flags for a cost, a usage, and a count of each kind of tokens. */
export function addBillFlags(command: Command, cost: string): Command {
  command.option('--cost <usd>', cost, amountFlag)
  for (const { countName, side, index, whole, what } of TOKEN_KINDS.kinds) {
    const says =
      index === whole ? `${what}, those of all kinds included` : `those of the ${side} tokens ${what}`
    command.option(`--${flagOf(countName)} <n>`, says, amountFlag)
  }
  return command
    .option('--usage <file>', "or the provider's usage object as JSON ('-': standard input)")
    .option(
      '--service-tier <tier>',
      `how it was served: ${SERVICE_TIERS.join(' or ')}`,
      wordFlag(SERVICE_TIERS),
    )
}

/** `cacheWrite5mTokens` is `--cache-write-5m-tokens`. */
function flagOf(countName: string): string {
  return countName.replace(/[A-Z]|\d+/g, (part) => `-${part.toLowerCase()}`)
}

/** The bill that flags give. @throws FILE_UNREADABLE for a usage that is no JSON; INVALID_ARGUMENT for counts */
export async function billOf(flags: BillFlags): Promise<Bill> {
  const { cost, usage, serviceTier } = flags
  const given = flags as Readonly<Record<string, unknown>>
  const counts = TOKEN_KINDS.countNames.filter((name) => given[name] !== undefined)
  // Whoever types can type again: nothing that contradicts itself is booked.
  readTokenCounts(given, 'settlement')
  const bill = {
    ...(cost === undefined ? {} : { costUsd: cost }),
    ...Object.fromEntries(counts.map((name) => [name, given[name]])),
    ...(usage === undefined ? {} : { usage: await readUsage(usage) }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  }
  if (Object.keys(bill).length > 0) readCorrection(bill, 'settlement')
  return bill
}

/** A file that is no provider's usage is the wrong file. @throws INVALID_ARGUMENT */
async function readUsage(path: string): Promise<object> {
  const usage =
    path === '-' ? parseJson(await readStandardInput(), 'standard input') : await readJsonFile(path)
  const known = checkRecord(usage, 'settlement.usage')
  // Names what is wrong with it.
  if (providerOf(known) === null) normaliseUsage(known, 'settlement.usage')
  return known
}
