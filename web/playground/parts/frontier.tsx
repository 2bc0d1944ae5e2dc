import { useEffect, useRef, useState } from 'preact/hooks'
import { frontier } from '../../../src/replay/report/frontier.js'
import type { BaselineRow, PolicyRow } from '../../../src/replay/result.js'
import { reward, usdPerThousand } from '../../../src/report/format.js'
import { marksOf } from '../colors.js'
import type { Means, View } from '../play/view.js'
import { models, started, view } from '../state.js'
import { Figure, Key } from './figure.js'
import { More } from './more.js'

const HEIGHT = 300
/** Before as many requests since a change their mean says little. */
const REQUESTS_MIN = 100
/** Pictures of it a second at most: it is made of text. */
const PAUSE_MS = 250

const WHOLE = { phase: null, variant: null, shares: {} } as const

/** What the router buys, beside always one model, mixes of two, and policy `paper`. */
export function QualityOverCost() {
  const since = view.value?.sinceChange
  const text = (means: Means | undefined): string =>
    means === undefined || (since?.requests ?? 0) < REQUESTS_MIN
      ? ''
      : `${reward(means.reward)} at ${usdPerThousand(means.costUsd)}`
  return (
    <Figure
      title="Quality over cost"
      note={
        <>
          A diamond is one model for every prompt. Router and policy paper: all requests since the last
          change, the router's with its 95 % interval. Further up and left is better.{' '}
          <More about={['results']} />
        </>
      }
    >
      <Frontier />
      <Key
        lines={[
          { name: 'router', mark: 'dot', value: text(since?.router) },
          { name: 'policy paper', mark: 'ring', value: text(since?.paper) },
          { name: 'best mix of two models', mark: 'mix', value: '' },
        ]}
      />
    </Figure>
  )
}

/** The plot of the replay's report, with what is played now. */
function Frontier() {
  const host = useRef<HTMLDivElement>(null)
  const width = useWidth(host)
  const { current: shown } = useRef<{ at: number; markup: string; key: string }>({
    at: Number.NEGATIVE_INFINITY,
    markup: '',
    key: '',
  })
  const { value } = view
  const now = performance.now()
  const key = `${width} ${JSON.stringify(models.value)}`
  if (value !== null && (now - shown.at >= PAUSE_MS || key !== shown.key || value.requests === 0)) {
    shown.at = now
    shown.key = key
    shown.markup = markupOf(value, width)
  }
  // Markup of the report's own making, in which every text is escaped.
  const markup = { __html: shown.markup }
  return (
    <div ref={host}>
      <svg
        role="img"
        aria-label={labelOf(value)}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        width={width}
        height={HEIGHT}
        dangerouslySetInnerHTML={markup}
      />
    </div>
  )
}

function useWidth(host: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(372)
  useEffect(() => {
    if (host.current === null) return
    const observer = new ResizeObserver(([{ contentRect }]) =>
      setWidth(Math.max(280, Math.round(contentRect.width))),
    )
    observer.observe(host.current)
    return () => observer.disconnect()
  }, [host])
  return width
}

function markupOf(seen: View, width: number): string {
  const fixed = seen.models
    .filter(({ setting }) => setting.state !== 'out')
    .map(
      ({ setting, meanReward, meanCostUsd }): BaselineRow => ({
        ...WHOLE,
        baseline: 'fixed',
        model: setting.id,
        budgetUsdPerRequest: null,
        utilisation: null,
        reward: meanReward,
        rewardCi95: [meanReward, meanReward],
        costUsdPerRequest: meanCostUsd,
      }),
    )
  const isSure = seen.sinceChange.requests >= REQUESTS_MIN
  const markOf = marksOf(started.value?.bases ?? [], models.value)
  return frontier(
    {
      policy: 'dollar',
      rows: isSure ? [policyRow(seen, seen.sinceChange.router)] : [],
      baselines: isSure ? [...fixed, paperRow(seen, seen.sinceChange.paper)] : fixed,
      colorOf: (id) => markOf(id).color,
      namesModelsAlone: true,
    },
    { width, height: HEIGHT, show: '' },
  )
}

function policyRow({ setting }: View, { reward, rewardError, costUsd }: Means): PolicyRow {
  const utilisation = costUsd / setting.budgetUsdPerRequest
  return {
    ...WHOLE,
    budgetUsdPerRequest: setting.budgetUsdPerRequest,
    reward,
    rewardCi95: [reward - rewardError, reward + rewardError],
    utilisation,
    utilisationCumulative: utilisation,
    utilisationWorst: utilisation,
    lambdaMedian: 0,
    alarms: 0,
  }
}

function paperRow({ setting }: View, { reward, rewardError, costUsd }: Means): BaselineRow {
  return {
    ...WHOLE,
    baseline: 'paper',
    model: null,
    budgetUsdPerRequest: setting.budgetUsdPerRequest,
    reward,
    rewardCi95: [reward - rewardError, reward + rewardError],
    costUsdPerRequest: costUsd,
    utilisation: costUsd / setting.budgetUsdPerRequest,
  }
}

function labelOf(seen: View | null): string {
  if (seen === null) return 'Quality over cost: nothing played yet'
  const { router, paper } = seen.sinceChange
  return `Quality over cost since the last change: router ${router.reward.toFixed(3)}, policy paper ${paper.reward.toFixed(3)}`
}
