import type { DashboardData } from '../../../src/gateway/dashboard/shape.js'
import { count, percent, plain, short, usd } from '../../shared/format.js'
import { TimeChart } from '../../shared/time-chart.js'
import { Nothing, Panel } from '../panel.js'
import { ring } from '../state.js'

interface Shown {
  readonly shown: DashboardData
}

/** The figures at a glance: those of `stats`. */
export function Tiles({ shown: { stats } }: Shown) {
  const { requests, pacer, models, pending } = stats
  const rewarded = models.reduce((sum, model) => sum + model.rewarded, 0)
  const rewardSum = models.reduce((sum, model) => sum + model.rewarded * (model.meanReward ?? 0), 0)
  const settled = models.reduce((sum, model) => sum + model.settled, 0)
  const { usdPerRequest, shadowPrice, spendUsd, utilisation, reservedUsd } = pacer
  return (
    <dl class="tiles">
      <Tile
        name="requests"
        value={count(requests)}
        more={`${count(pending.unsettled)} wait for their bill`}
      />
      <Tile name="spend" value={usd(spendUsd)} more={`${usd(reservedUsd)} reserved`} id="spend" />
      <Tile
        name="of the budget so far"
        value={usdPerRequest === null ? 'no budget' : percent(utilisation)}
        more={usdPerRequest === null ? 'nothing limits the mean' : `budget ${usd(usdPerRequest)} per request`}
      />
      <Tile
        name="mean reward"
        value={plain(rewarded === 0 ? null : rewardSum / rewarded)}
        more={`${count(rewarded)} rewards, ${count(settled)} answers`}
      />
      <Tile
        name="shadow price"
        value={short(shadowPrice)}
        more="reward that a budget's worth of dollars must buy"
      />
    </dl>
  )
}

function Tile(props: {
  readonly name: string
  readonly value: string
  readonly more: string
  readonly id?: string
}) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>
        <b data-tile={props.name}>{props.value}</b>
        <small>{props.more}</small>
      </dd>
    </div>
  )
}

/** Spend against what the budget has paid in, and how far it may go. */
export function SpendPanel({ shown }: Shown) {
  const { stats, promised } = shown
  const { spendUsd, reservedUsd, allowanceUsd } = stats.account ?? stats.pacer
  const buckets = (ring.value?.buckets ?? []).filter(
    (bucket) => bucket.spendUsd !== 0 || bucket.allowanceUsd !== 0,
  )
  const { usdPerRequest } = stats.pacer
  const above = promised.boundUsd === null ? null : promised.boundUsd - allowanceUsd
  const hasBudget = usdPerRequest !== null
  return (
    <Panel id="spend-panel" title="Spend against pace">
      {hasBudget ? (
        <p class="lead">
          <b data-figure="spend">{usd(spendUsd)}</b> spent and {usd(reservedUsd)} reserved, of{' '}
          <b data-figure="allowance">{usd(allowanceUsd)}</b> that the requests so far have paid in.{' '}
          {above === null || promised.boundUsd === null ? null : (
            <>
              {promised.strict === true ? 'Promised' : 'With strict: true it is promised'}: never above{' '}
              <b data-figure="bound">{usd(promised.boundUsd)}</b>, the pace and {usd(above)} that may be saved
              up.
            </>
          )}
        </p>
      ) : (
        <p class="lead">
          <b data-figure="spend">{usd(spendUsd)}</b> spent, {usd(reservedUsd)} reserved. No budget is in
          force, so there is no pace.
        </p>
      )}
      {buckets.length === 0 ? (
        <Nothing>Nothing was spent in this stretch of time.</Nothing>
      ) : (
        <TimeChart
          label={`spend over time, now ${usd(spendUsd)}, against the pace of the budget, now ${usd(allowanceUsd)}`}
          times={buckets.map(({ at }) => at)}
          fromZero={false}
          series={[
            { label: 'spend', color: '--b2', values: buckets.map((bucket) => bucket.spendUsd) },
            ...(hasBudget
              ? [
                  {
                    label: 'pace',
                    color: '--quiet',
                    dash: [5, 4],
                    values: buckets.map((bucket) => bucket.allowanceUsd),
                  },
                ]
              : []),
            ...(above === null
              ? []
              : [
                  {
                    label: 'bound',
                    color: '--warn',
                    dash: [2, 3],
                    values: buckets.map((bucket) => bucket.allowanceUsd + above),
                  },
                ]),
          ]}
          format={usd}
        />
      )}
    </Panel>
  )
}

/** What a dollar had to buy. */
export function PricePanel({ shown: { stats } }: Shown) {
  const buckets = (ring.value?.buckets ?? []).filter(({ dollarWeight }) => dollarWeight !== null)
  const isDollar = stats.policy === 'dollar'
  return (
    <Panel
      id="price-panel"
      title="Shadow price"
      lead={
        <>
          {isDollar
            ? 'The reward that one dollar had to buy, in the mean of the decisions. It rises when money is short, and dear models must then be worth more.'
            : 'The weight of cost in the decisions. It rises when money is short.'}{' '}
          Now <b data-figure="shadow-price">{short(stats.pacer.shadowPrice)}</b> for a budget's worth.
        </>
      }
    >
      {buckets.length === 0 ? (
        <Nothing>No decision was made in this stretch of time.</Nothing>
      ) : (
        <TimeChart
          label="reward that a dollar had to buy, over time"
          times={buckets.map(({ at }) => at)}
          series={[
            {
              label: isDollar ? 'reward per dollar' : 'weight of cost',
              color: '--b3',
              values: buckets.map(({ dollarWeight }) => dollarWeight),
            },
          ]}
          format={short}
        />
      )}
    </Panel>
  )
}
