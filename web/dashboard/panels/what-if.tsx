import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { DashboardData, WhatIf, WhatIfMix } from '../../../src/gateway/dashboard/shape.js'
import { percent, plain, short, usd } from '../../shared/format.js'
import { Name } from '../../shared/name.js'
import { ask } from '../api.js'
import { Span, TooFew } from '../estimates.js'
import { Panel } from '../panel.js'
import { historyOf, marksOf } from '../state.js'
import { guessText, knownModels, oneModelText, unrewardedText } from '../words.js'

/** The slider goes from a hundredth of the budget to a hundred times of it. */
const DECADES = 2
const STEPS = 100
/** Half the budget. */
const FIRST_STEP = -15
const WAIT_MS = 120

/** Another budget on the latest decisions, at once. */
export function WhatIfPanel({ shown }: { readonly shown: DashboardData }) {
  const { pacer, models } = shown.stats
  const spent = models.reduce((sum, model) => sum + (model.meanCostUsd ?? 0) * model.settled, 0)
  const settled = models.reduce((sum, model) => sum + model.settled, 0)
  const base = pacer.usdPerRequest ?? (settled === 0 || spent === 0 ? 0.001 : spent / settled)
  const [step, setStep] = useState(FIRST_STEP)
  const budget = base * 10 ** ((DECADES * step) / STEPS)
  const [answer, setAnswer] = useState<WhatIf | null>(null)
  const [problem, setProblem] = useState('')
  const { estimatedFrom } = shown
  useEffect(() => {
    const controller = new AbortController()
    const timer = setTimeout(() => {
      ask<WhatIf | null>(`what-if?usdPerRequest=${budget}`, controller.signal)
        .then((found) => {
          setAnswer(found)
          setProblem('')
        })
        .catch((error: unknown) => {
          if (!controller.signal.aborted) setProblem(error instanceof Error ? error.message : String(error))
        })
    }, WAIT_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
    // Other decisions are asked about as well: those that savings are estimated from.
  }, [budget, shown.cursor.estimates, historyOf.value])
  return (
    <Panel id="what-if-panel" title="What if: another budget">
      <label class="slider">
        <span>
          Budget <span data-figure="what-if-budget">{usd(budget)}</span> per request{' '}
          <small>
            {step === 0
              ? 'as it is'
              : `${short(budget / base)} × ${pacer.usdPerRequest === null ? 'the mean cost' : 'the budget'}`}
          </small>
        </span>
        <input
          type="range"
          min={-STEPS}
          max={STEPS}
          step={5}
          value={step}
          aria-valuetext={`${usd(budget)} per request`}
          onInput={(event) => setStep(Number(event.currentTarget.value))}
        />
      </label>
      {problem !== '' && <p role="alert">{problem}</p>}
      {answer === null || estimatedFrom === null ? (
        <TooFew />
      ) : (
        <Answer answer={answer} models={shown.stats.models}>
          <Span span={estimatedFrom} now={shown.at} />
        </Answer>
      )}
      <details>
        <summary>Assumptions</summary>
        <p>
          The decisions are made again from what the engine expected of each model: each takes the model of
          the best expected reward and bonus less a price on its dollars, and the price is the least at which
          the mean expected cost keeps to the budget. “Now” is what was chosen, by the same expectations.
          Nothing is learned on the way, caps and tenants are left aside, and models that were left out for
          other reasons than money stay out.
        </p>
      </details>
    </Panel>
  )
}

function Answer({
  answer,
  models,
  children,
}: {
  readonly answer: WhatIf
  readonly models: DashboardData['stats']['models']
  /** Which decisions. */
  readonly children: ComponentChildren
}) {
  const { before, after, decisions, isFeasible, shadowPrice, withOneModel } = answer
  const unrewarded = unrewardedText(models, [before.reward, after.reward])
  return (
    <>
      <p role="status">
        {isFeasible ? (
          <>
            An <b>estimate</b>: {children} would have{' '}
            {unrewarded === null && (
              <>
                earned a mean reward of <b data-figure="what-if-reward">{plain(after.reward)}</b> in place of{' '}
                {plain(before.reward)}, and{' '}
              </>
            )}
            cost <b data-figure="what-if-cost">{usd(after.usdPerRequest)}</b> in place of{' '}
            {usd(before.usdPerRequest)} each. {unrewarded ?? guessText(after, knownModels(models))}{' '}
            {shadowPrice === 0
              ? 'Money would not be short.'
              : `The shadow price would be ${short(shadowPrice)}: the reward that this budget's worth of dollars would have to buy.`}
          </>
        ) : (
          <>
            Not even the cheapest models that these requests may go to keep to this budget: {children} are
            expected to cost at least <b data-figure="what-if-cost">{usd(after.usdPerRequest)}</b> each.{' '}
            {oneModelText(withOneModel, decisions)}
          </>
        )}
      </p>
      <Bar name="now" mix={before} />
      <Bar name="then" mix={after} />
      <p class="legend">
        {[...new Set([...before.shares, ...after.shares].map(({ model }) => model))].map((model) => (
          <span key={model}>
            <i style={{ background: marksOf.value(model).color }} />
            <Name text={model} /> {percent(shareOf(before, model))} → {percent(shareOf(after, model))}
          </span>
        ))}
      </p>
    </>
  )
}

function shareOf({ shares }: WhatIfMix, model: string): number {
  return shares.find((each) => each.model === model)?.share ?? 0
}

function Bar({ name, mix }: { readonly name: string; readonly mix: WhatIfMix }) {
  return (
    <div class="mix" aria-hidden="true">
      <span>{name}</span>
      <span class="bar">
        {mix.shares.map(({ model, share }) => (
          <i key={model} style={{ width: `${100 * share}%`, background: marksOf.value(model).color }} />
        ))}
      </span>
    </div>
  )
}
