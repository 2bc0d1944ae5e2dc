import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { ParetoBanditError } from '../base/errors.js'
import { visible } from '../base/visible.js'
import type { RoutedEvent } from '../events/events.js'
import type { Explanation, ModelExplanation } from '../policy/decision.js'
import { CommandError } from './command-error.js'
import { type ExplainedDecision, renderExplanation } from './explain-view.js'
import { print } from './print.js'
import { shellWord } from './shell-word.js'
import { findDecision, upTo } from './state/decision-view.js'
import { isRedis } from './state/log-file.js'
import { foldOf, type LogReader, withReader } from './state/log-view.js'

interface ExplainFlags {
  readonly stream?: string
  readonly json?: boolean
}

const HELP = `
It only reads, also while a service runs on the log. The figures are those of right after the decision, where the log reaches
back to it. Options that only this request had (candidates, maxCostUsd and the like) are in no log. Costs are those of
its own size, as its list cost and the tokens of its text tell it.

Examples:
  $ paretobandit explain r.7 router.state
  $ paretobandit explain r.7 redis://localhost:6379 --stream router --json`

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('show why a request went where it did: how each model stood')
    .argument('<id>', "the request, as 'route' named it")
    .argument('<log>', "the state file of 'route' or a service's log, or redis://HOST:PORT")
    .option('--stream <name>', 'which log of that Redis (default: paretobandit)')
    .option('--json', 'print it as JSON')
    .addHelpText('after', HELP)
    .action(explain)
}

async function explain(id: string, log: string, { stream, json }: ExplainFlags): Promise<void> {
  if (isPlace(id) && !isPlace(log)) {
    const command = `paretobandit explain ${shellWord(visible(log))} ${shellWord(visible(id))}`
    throw new CommandError('BAD_ARGUMENT', `expected the request and then its log: '${command}'`)
  }
  const found = await withReader(log, stream, (reader) => explainFrom(reader, id))
  print(json === true ? `${JSON.stringify(found, null, 2)}\n` : renderExplanation(found))
}

function isPlace(text: string): boolean {
  return isRedis(text) || existsSync(text)
}

/** Why a decision of a log was made, by the statistics of then where they can be had. @throws as `router.explain` */
export async function explainFrom(reader: LogReader, id: string): Promise<ExplainedDecision> {
  const decision = await findDecision(reader, id)
  if (decision === null) {
    const unknown = { routedAt: null, score: null, reservedUsd: null, tenant: null, isOfItsTime: false }
    return { ...(await foldOf(reader)).explain(id, {}), ...unknown }
  }
  const { event } = decision
  const { explanation, isOfItsTime } = await explanationOf(reader, event, () => upTo(reader, decision))
  const { at, score, reservedUsd, tenant, forced, canary, propensity, penaltyWeight, latencyPrice } = event
  return {
    ...explanation,
    forced,
    canary,
    models: explanation.models.map((model) => passedOver(model, event)),
    propensity,
    penaltyWeight,
    latencyPrice,
    routedAt: new Date(at).toISOString(),
    score,
    reservedUsd,
    tenant,
    isOfItsTime,
  }
}

/** A decision that was not made by scores passed all others over. */
function passedOver(
  model: ModelExplanation,
  { model: chosen, forced, canary }: RoutedEvent,
): ModelExplanation {
  if (model.model === chosen || model.excluded !== null || !(forced || canary)) return model
  return { ...model, excluded: forced ? 'forced-exploration-of-another' : 'canary-of-another' }
}

/** By the statistics of then; by those of now where no snapshot is old enough to fold from. */
async function explanationOf(
  reader: LogReader,
  { id, inputTokens }: RoutedEvent,
  ofThen: () => LogReader,
): Promise<{ explanation: Explanation; isOfItsTime: boolean }> {
  try {
    return { explanation: (await foldOf(ofThen())).explain(id, { inputTokens }), isOfItsTime: true }
  } catch (error) {
    if (!(error instanceof ParetoBanditError && error.code === 'STORE_CORRUPT')) throw error
    return { explanation: (await foldOf(reader)).explain(id, { inputTokens }), isOfItsTime: false }
  }
}
