import type { DashboardData } from '../../../src/gateway/dashboard/shape.js'
import { count, counted, percent, plain, short, usd } from '../../shared/format.js'
import { TimeChart } from '../../shared/time-chart.js'
import { Nothing, Panel } from '../panel.js'
import { priceUnit } from '../shadow-price.js'
import { ring } from '../state.js'
import { heldText } from '../words.js'

interface Shown {
  readonly shown: DashboardData
}

/** The figures at a glance: those of `stats`. */
export function Tiles({ shown }: Shown) {
  const { stats } = shown
  const { requests, pacer, models, pending } = stats
  const rewarded = models.reduce((sum, model) => sum + model.rewarded, 0)
  const rewardSum = models.reduce((sum, model) => sum + model.rewarded * (model.meanReward ?? 0), 0)
  const settled = models.reduce((sum, model) => sum + model.settled, 0)
  const { usdPerRequest, shadowPrice, spendUsd, utilisation, reservedUsd, allowanceUsd } = pacer
  return (
    <dl class="tiles">
      <Tile
        name="requests"
        value={count(requests)}
        more={`${count(pending.unsettled)} wait for their bill`}
      />
      <Tile name="spend" value={usd(spendUsd)} more={`${usd(reservedUsd)} reserved`} id="spend" />
      <Tile
        name="spent of the budget"
        value={usdPerRequest === null ? 'no budget' : percent(utilisation)}
        more={
          usdPerRequest === null
            ? 'nothing limits the mean'
            : `spent and reserved, of ${usd(allowanceUsd)}: each request adds its budget, now ${usd(usdPerRequest)}`
        }
      />
      <Tile
        name="mean reward"
        value={plain(rewarded === 0 ? null : rewardSum / rewarded)}
        more={`${counted(rewarded, 'reward')}, ${counted(settled, 'answer')}`}
      />
      <Tile
        name="shadow price"
        value={short(shadowPrice)}
        more={`${priceUnit(shown, 'must')}${shadowPrice === 0 ? '; 0: money is not short' : ''}`}
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
  const { pacer } = stats
  const { usdPerRequest } = pacer
  const above = promised.boundUsd === null ? null : promised.boundUsd - allowanceUsd
  const hasBudget = usdPerRequest !== null
  return (
    <Panel id="spend-panel" title="Spend against pace">
      {hasBudget ? (
        <p class="lead">
          <b data-figure="held">{heldText(pacer.utilisation, spendUsd + reservedUsd, promised.boundUsd)}</b>:{' '}
          <b data-figure="spend">{usd(spendUsd)}</b> spent and {usd(reservedUsd)} reserved, of{' '}
          <b data-figure="allowance">{usd(allowanceUsd)}</b>, the pace: each request adds its budget, now{' '}
          {usd(usdPerRequest)}.{' '}
          {above === null || promised.boundUsd === null ? null : (
            <>
              Spend may run ahead of it by what cheaper requests have saved up
              {promised.creditedUsd > 0 && ` and by the ${usd(promised.creditedUsd)} that operators credited`}
              , {usd(above)} at most: the bound, <b data-figure="bound">{usd(promised.boundUsd)}</b>,{' '}
              {promised.strict === true
                ? 'is promised, whatever the router believes.'
                : 'is promised with strict: true.'}
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
            { name: 'spend', color: 'var(--b2)', values: buckets.map((bucket) => bucket.spendUsd) },
            ...(hasBudget
              ? [
                  {
                    name: 'pace',
                    color: 'var(--quiet)',
                    dash: [5, 4],
                    values: buckets.map((bucket) => bucket.allowanceUsd),
                  },
                ]
              : []),
            ...(above === null
              ? []
              : [
                  {
                    name: 'bound',
                    color: 'var(--warn)',
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

/** What the budget's dollars had to buy. */
export function PricePanel({ shown }: Shown) {
  const { pacer } = shown.stats
  const width = ring.value?.widthMs ?? 1
  const buckets = (ring.value?.buckets ?? []).filter(({ shadowPrice }) => shadowPrice !== null)
  return (
    <Panel
      id="price-panel"
      title="Shadow price"
      lead={
        <>
          Now <b data-figure="shadow-price">{short(pacer.shadowPrice)}</b>: {priceUnit(shown, 'must')}. It
          rises when money is short, and dear models must then be worth more. The line is the mean of the
          decisions of each stretch of time.
        </>
      }
    >
      {buckets.length === 0 ? (
        <Nothing>
          {pacer.usdPerRequest === null
            ? 'No budget is in force: a shadow price is that of a budget.'
            : 'No decision was made in this stretch of time.'}
        </Nothing>
      ) : (
        <TimeChart
          label="shadow price over time"
          times={buckets.map(({ at }) => at)}
          stretch={{ widthMs: width, now: shown.at }}
          series={[
            {
              name: 'shadow price',
              color: 'var(--b3)',
              values: buckets.map(({ shadowPrice }) => shadowPrice),
            },
          ]}
          format={short}
        />
      )}
    </Panel>
  )
}
