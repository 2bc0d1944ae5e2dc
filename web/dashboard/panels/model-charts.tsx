import type { Bucket, DashboardData, ModelBucket } from '../../../src/gateway/dashboard/shape.js'
import { count, counted, milliseconds, percent, plain } from '../../shared/format.js'
import { IntervalPlot } from '../../shared/interval-plot.js'
import { visible } from '../../shared/name.js'
import { TimeChart, type TimeSeries } from '../../shared/time-chart.js'
import { coarse, withEmpty } from '../coarse.js'
import { mostOf } from '../most.js'
import { Nothing, Panel } from '../panel.js'
import { marksOf, ring } from '../state.js'

/** Lines beyond these are no help: the table has all. */
const LINES_MAX = 8
const INTERVALS_MAX = 30

/** Requests, shares, rewards and latencies of models over time. */
export function ModelCharts({ shown }: { readonly shown: DashboardData }) {
  const fine = ring.value?.buckets ?? []
  const { buckets, widthMs } = coarse(fine, ring.value?.widthMs ?? 1)
  const stretch = { widthMs, now: shown.at }
  // A log ends with its latest event.
  const until = shown.kind === 'log' ? Number.NEGATIVE_INFINITY : shown.at
  const counts = withEmpty({ buckets, widthMs }, until)
  const requests = buckets.reduce((sum, bucket) => sum + bucket.requests, 0)
  const lines = (value: (own: ModelBucket, bucket: Bucket) => number | null, missing: number | null) =>
    seriesOf(buckets, value, missing)
  const times = buckets.map(({ at }) => at)
  const rewarded = shown.figures.filter(({ reward }) => reward !== null)
  const measured = mostOf(rewarded, INTERVALS_MAX, ({ rewards }) => rewards).flatMap(
    ({ model, reward, rewards }) =>
      reward === null
        ? []
        : [
            {
              label: visible(model),
              color: marksOf.value(model).color,
              ...reward,
              text: `${plain(reward.mean)} ± ${plain((reward.high - reward.low) / 2)}, ${counted(rewards, 'reward')}`,
            },
          ],
  )
  const hasLatency = buckets.some(({ models }) => models.some(({ latencies }) => latencies > 0))
  return (
    <>
      <Panel
        id="share-panel"
        title="Share of requests"
        lead={`${counted(requests, 'request')} in ${ring.value?.name ?? 'this time'}.`}
      >
        {requests === 0 ? (
          <Nothing>No request came in this stretch of time.</Nothing>
        ) : (
          <TimeChart
            label="share of requests of each model, over time"
            times={times}
            stretch={stretch}
            max={1}
            series={lines(
              (own, bucket) => (bucket.requests === 0 ? null : own.requests / bucket.requests),
              0,
            )}
            format={percent}
          />
        )}
      </Panel>
      <Panel
        id="reward-panel"
        title="Reward of each model"
        lead={`Mean of the rewards in this page's history, with its interval of 95 %.${rewarded.length > measured.length ? ` The ${measured.length} models with the most rewards; the table of models has all.` : ''}`}
      >
        {measured.length === 0 ? (
          <Nothing>No model has two rewards yet, so there is no mean with an interval.</Nothing>
        ) : (
          <IntervalPlot lines={measured} label="mean reward of each model with its interval" />
        )}
      </Panel>
      <Panel id="latency-panel" title="Latency" lead="Mean time of the answers of each model.">
        {hasLatency ? (
          <TimeChart
            label="mean latency of each model, over time"
            times={times}
            stretch={stretch}
            series={lines((own) => (own.latencies === 0 ? null : own.latencySumMs / own.latencies), null)}
            format={milliseconds}
          />
        ) : (
          <Nothing>No latency was told in this stretch of time.</Nothing>
        )}
      </Panel>
      <Panel
        id="requests-panel"
        title="Requests"
        lead="Requests of each stretch, with those that failed and those that were refused for money."
      >
        {requests === 0 ? (
          <Nothing>No request came in this stretch of time.</Nothing>
        ) : (
          <TimeChart
            label="requests, failures and refusals over time"
            times={counts.map(({ at }) => at)}
            stretch={stretch}
            series={[
              { name: 'requests', color: 'var(--b2)', values: counts.map((bucket) => bucket.requests) },
              {
                name: 'failed',
                color: 'var(--warn)',
                values: counts.map((bucket) => bucket.failed),
                dash: [2, 3],
              },
              {
                name: 'refused',
                color: 'var(--quiet)',
                values: counts.map((bucket) => bucket.refused),
                dash: [6, 3],
              },
            ]}
            format={count}
          />
        )}
      </Panel>
    </>
  )
}

/** A line for each of the models with the most requests. */
function seriesOf(
  buckets: readonly Bucket[],
  value: (own: ModelBucket, bucket: Bucket) => number | null,
  missing: number | null,
): TimeSeries[] {
  const totals = new Map<string, number>()
  for (const { models } of buckets)
    for (const { model, requests } of models) totals.set(model, (totals.get(model) ?? 0) + requests)
  const shown = [...totals].sort((a, b) => b[1] - a[1]).slice(0, LINES_MAX)
  return shown.map(([model]) => ({
    name: visible(model),
    ...marksOf.value(model),
    values: buckets.map((bucket) => {
      const own = bucket.models.find((each) => each.model === model)
      return own === undefined ? missing : value(own, bucket)
    }),
  }))
}
