import { useState } from 'preact/hooks'
import type { DashboardData } from '../../../src/gateway/dashboard/shape.js'
import { count, milliseconds, percent, plain, usd } from '../../shared/format.js'
import { type Column, Table } from '../../shared/table.js'
import { ModelName } from '../model-name.js'
import { mostOf } from '../most.js'
import { Panel } from '../panel.js'
import { marksOf } from '../state.js'
import { alarmsOf } from '../words.js'

type Model = DashboardData['stats']['models'][number]

/** What stands below has to be found. */
const MODELS_FIRST = 30

/** A model at a time: what it got, cost, earned, and why it gets what it gets. */
export function ModelsPanel({ shown }: { readonly shown: DashboardData }) {
  const [isWhole, setWhole] = useState(false)
  const { models } = shown.stats
  const most = mostOf(models, MODELS_FIRST, ({ requests }) => requests)
  return (
    <Panel
      id="models-panel"
      title="Models"
      lead="Since the beginning of the log. The interval of a reward (±, 95 %) is that of the rewards in this page's history; latencies are those of the latest 1,000 decisions."
    >
      <Table
        label="models, their figures"
        rows={isWhole ? models : most}
        keyOf={({ id }) => id}
        rowProps={({ id }) => ({ 'data-model': id })}
        columns={columnsOf(shown)}
      />
      {models.length > most.length && (
        <button type="button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? `Show the ${MODELS_FIRST} asked most` : `Show all ${count(models.length)} models`}
        </button>
      )}
    </Panel>
  )
}

function columnsOf({ figures }: DashboardData): readonly Column<Model>[] {
  const of = (id: string) => figures.find(({ model }) => model === id)
  const number = (name: string, cell: Column<Model>['cell']): Column<Model> => ({
    name,
    cell,
    isNumber: true,
  })
  return [
    { name: 'model', isHead: true, cell: ({ id }) => <ModelName id={id} /> },
    number('requests', ({ requests }) => count(requests)),
    {
      name: 'share',
      cell: ({ id, share }) => (
        <>
          <span class="share">
            <i style={{ width: `${100 * share}%`, background: marksOf.value(id).color }} />
          </span>{' '}
          <span>{percent(share)}</span>
        </>
      ),
    },
    number('spend', ({ spendUsd }) => usd(spendUsd)),
    number('mean cost', ({ meanCostUsd }) => usd(meanCostUsd)),
    number('rewards', ({ rewarded }) => count(rewarded)),
    number('mean reward', ({ id, meanReward }) => {
      const interval = of(id)?.reward ?? null
      return (
        <>
          {plain(meanReward)}
          {interval !== null && <small> ± {plain((interval.high - interval.low) / 2)}</small>}
        </>
      )
    }),
    number('latency: half below', ({ id }) => milliseconds(of(id)?.latencyP50Ms)),
    number('95 % below', ({ id }) => milliseconds(of(id)?.latencyP95Ms)),
    { name: 'why it gets what it gets', isText: true, cell: (model) => <Why model={model} /> },
  ]
}

function Why({ model }: { readonly model: Model }) {
  const { isAvailable, enabled, standing, failed } = model
  const alarms = alarmsOf(model)
  return (
    <>
      <b class={isAvailable && enabled ? '' : 'warn'}>{standing.kind.replaceAll('-', ' ')}</b>: {standing.why}
      .{alarms !== '' && <em> Alarms: {alarms}.</em>}
      {failed > 0 && <span> {count(failed)} failed.</span>}
    </>
  )
}
