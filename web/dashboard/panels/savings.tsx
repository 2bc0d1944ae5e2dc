import type { DashboardData, Estimate, SavingsRow } from '../../../src/gateway/dashboard/shape.js'
import { percent, plain, usd } from '../../shared/format.js'
import { Name } from '../../shared/name.js'
import { type Column, Table } from '../../shared/table.js'
import { Span, TooFew } from '../estimates.js'
import { ModelName } from '../model-name.js'
import { Panel } from '../panel.js'
import { againstText, bestKnown, knownModels, timesText, unrewardedText } from '../words.js'

/** In place of a guess, which looks like a figure. */
const NO_REWARD = 'no reward yet'

/** What one model for everything would have cost and earned. */
export function SavingsPanel({ shown }: { readonly shown: DashboardData }) {
  const { savings, estimatedFrom } = shown
  const known = knownModels(shown.stats.models)
  const unrewarded =
    savings === null
      ? null
      : unrewardedText(
          shown.stats.models,
          savings.models.map(({ reward }) => reward.mean),
        )
  return (
    <Panel id="savings-panel" title="Savings: one model for everything">
      {savings === null || estimatedFrom === null ? (
        <TooFew />
      ) : (
        <>
          <p class="lead">
            An <b>estimate</b> of what always using one model would have cost and earned on{' '}
            <Span span={estimatedFrom} now={shown.at} />.{' '}
            <Against chosen={savings.chosen} models={savings.models} known={known} unrewarded={unrewarded} />
          </p>
          <Table
            label="costs and rewards of one model for everything"
            rows={[savings.chosen, ...savings.models]}
            keyOf={({ model }) => model}
            rowProps={(row) => ({ 'data-always': row === savings.chosen ? 'router' : row.model })}
            columns={columnsOf(savings.chosen, known, unrewarded === null)}
          />
          <details>
            <summary>Assumptions</summary>
            <p>
              Costs and rewards are what the engine expected of each model when it decided; nobody has asked
              the other models. Answers of a model are taken to be as long as the engine expects of it, and
              learning is left aside. Models that fewer than half of the decisions knew are left out.
              Intervals are those of 95 % for a mean over requests, made wider by what the engine doubts: the
              mean exploration bonus of a reward, and how far the bills of the chosen models were from what
              was expected of them
              {savings.billedOverExpected === null
                ? ' (no bill has come yet)'
                : ` (they came to ${percent(savings.billedOverExpected)} of it)`}
              .
            </p>
          </details>
        </>
      )}
    </Panel>
  )
}

/** In one sentence, against the model that is expected to answer best. */
function Against({
  chosen,
  models,
  known,
  unrewarded,
}: {
  readonly chosen: SavingsRow
  readonly models: readonly SavingsRow[]
  /** Models of which a reward is known. */
  readonly known: ReadonlySet<string>
  /** Null: rewards have come. */
  readonly unrewarded: string | null
}) {
  if (unrewarded !== null) return <span data-figure="unrewarded">{unrewarded}</span>
  const best = bestKnown(models, known)
  if (best === null) return null
  const ratio = chosen.usdPerRequest.mean / best.usdPerRequest.mean
  if (!Number.isFinite(ratio)) return null
  const isOfAll = models.every(({ model }) => known.has(model))
  return (
    <>
      The router costs <b data-figure="saved">{againstText(ratio)}</b> than always asking{' '}
      <Name of="b" text={best.model} />, the one with the best expected reward
      {isOfAll ? '' : ' of those that have had rewards'}: {plain(chosen.reward.mean)} in place of{' '}
      {plain(best.reward.mean)}.
    </>
  )
}

function columnsOf(
  own: SavingsRow,
  known: ReadonlySet<string>,
  hasRewards: boolean,
): readonly Column<SavingsRow>[] {
  return [
    {
      name: 'always',
      isHead: true,
      cell: (row) => (row === own ? <b>the router's choice</b> : <ModelName id={row.model} />),
    },
    { name: 'cost of a request', isNumber: true, cell: (row) => interval(row.usdPerRequest, usd) },
    {
      name: 'against the router',
      isNumber: true,
      cell: (row) => timesText(row.usdPerRequest.mean / own.usdPerRequest.mean),
    },
    {
      name: 'reward',
      isNumber: true,
      cell: (row) => {
        if (!hasRewards) return '–'
        return row === own || known.has(row.model) ? interval(row.reward, plain) : <small>{NO_REWARD}</small>
      },
    },
  ]
}

function interval({ mean, low, high }: Estimate, format: (value: number) => string) {
  return (
    <>
      {format(mean)}{' '}
      <small class="nowrap">
        ({format(low)} to {format(high)})
      </small>
    </>
  )
}
