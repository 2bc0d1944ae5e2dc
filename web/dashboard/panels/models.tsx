import type { DashboardData } from '../../../src/gateway/dashboard/shape.js'
import { count, milliseconds, percent, plain, usd } from '../../shared/format.js'
import { Panel } from '../panel.js'
import { marksOf } from '../state.js'

type Model = DashboardData['stats']['models'][number]

/** A model at a time: what it got, cost, earned, and why it gets what it gets. */
export function ModelsPanel({ shown }: { readonly shown: DashboardData }) {
  const { models } = shown.stats
  return (
    <Panel
      id="models-panel"
      title="Models"
      lead="Since the beginning of the log. The interval of a reward is that of 95 % of the rewards that this page has seen."
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="models, their figures">
        <table class="wide">
          <thead>
            <tr>
              <th scope="col">model</th>
              <th scope="col" class="right">
                requests
              </th>
              <th scope="col">share</th>
              <th scope="col" class="right">
                spend
              </th>
              <th scope="col" class="right">
                mean cost
              </th>
              <th scope="col" class="right">
                rewards
              </th>
              <th scope="col" class="right">
                mean reward
              </th>
              <th scope="col" class="right">
                latency, half and 95 % below
              </th>
              <th scope="col">why it gets what it gets</th>
            </tr>
          </thead>
          <tbody>
            {models.map((model) => (
              <Row key={model.id} model={model} shown={shown} />
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  )
}

function Row({ model, shown }: { readonly model: Model; readonly shown: DashboardData }) {
  const figures = shown.figures.find((each) => each.model === model.id)
  const { color } = marksOf.value(model.id)
  const half = figures?.reward == null ? null : (figures.reward.high - figures.reward.low) / 2
  const alarms = model.rewardAlarms + model.costAlarms + model.latencyAlarms
  return (
    <tr data-model={model.id}>
      <th scope="row">
        <i class="dot" style={{ background: color }} />
        <span class="name" title={model.id}>
          {model.id}
        </span>
      </th>
      <td class="right" data-cell="requests">
        {count(model.requests)}
      </td>
      <td>
        <span class="share">
          <i style={{ width: `${100 * model.share}%`, background: color }} />
        </span>{' '}
        <span data-cell="share">{percent(model.share)}</span>
      </td>
      <td class="right" data-cell="spend">
        {usd(model.spendUsd)}
      </td>
      <td class="right" data-cell="mean-cost">
        {usd(model.meanCostUsd)}
      </td>
      <td class="right" data-cell="rewards">
        {count(model.rewarded)}
      </td>
      <td class="right" data-cell="reward">
        {plain(model.meanReward)}
        {half !== null && <small> ± {plain(half)}</small>}
      </td>
      <td class="right" data-cell="latency">
        {milliseconds(figures?.latencyP50Ms)} · {milliseconds(figures?.latencyP95Ms)}
      </td>
      <td class="why">
        <b class={model.isAvailable && model.enabled ? '' : 'warn'}>
          {model.standing.kind.replaceAll('-', ' ')}
        </b>
        : {model.standing.why}.
        {alarms > 0 && <em> {alarms === 1 ? 'It has changed once.' : `It has changed ${alarms} times.`}</em>}
        {model.failed > 0 && <span> {count(model.failed)} failed.</span>}
      </td>
    </tr>
  )
}
