import { expect, it } from 'vitest'
import { mulberry32 } from '../../src/base/random.js'
import type { Estimate } from '../../src/evaluate/estimators.js'
import { type Evaluation, evaluatePolicies } from '../../src/evaluate/evaluation.js'
import { parseDecisionLog } from '../../src/evaluate/log.js'
import { renderEvaluation } from '../../src/evaluate/report.js'
import { evaluationVerdict } from '../../src/evaluate/verdict.js'

function estimate(mean: number, half: number): Estimate {
  return { mean, standardError: half / 2, ci95: [mean - half, mean + half] }
}

function policy(policy: string, usd: Estimate | null, reward: Estimate | null, over: Estimate | null) {
  const all = (each: Estimate | null) => each && { ips: each, snips: each, doublyRobust: each }
  return {
    ...{ policy, reward: all(reward), rewardLack: null, costUsd: all(usd), costLack: null },
    ...{ rewardOverLogged: over, effectiveSampleSize: 900, largestWeight: 2, meanWeight: 1 },
    ...{ matchedShare: 0.5, unsupportedShare: 0 },
  }
}

function evaluation(...policies: readonly ReturnType<typeof policy>[]): Evaluation {
  return {
    ...{ log: 'log', models: ['a', 'b'], requests: 1000, evaluated: 1000 },
    ...{ leftOut: { forced: 0, certain: 0, unknown: 0 }, rewarded: 1000, settled: 1000, failed: 0 },
    ...{ assumedEligible: 0, assumedPropensities: 0, orphans: 0, policies },
  }
}

const LOGGED = policy('logged', estimate(0.01, 0.0003), estimate(0.9, 0.01), null)

it('says what of the dollars spent could be saved at the same quality, with its interval', () => {
  const close = policy('ridge@0.004', estimate(0.004, 0.0004), estimate(0.899, 0.01), estimate(-0.001, 0.004))
  const worse = policy('model:b', estimate(0.001, 0.0001), estimate(0.8, 0.01), estimate(-0.1, 0.01))
  const all = evaluation(LOGGED, worse, close)
  expect(evaluationVerdict(all)).toBe(
    'Of the dollars you spent 60 % (55 % to 65 %) could be saved at the same quality: ridge@0.004 would have cost $4.00 per 1,000 requests instead of $10.0, for a reward that is 0.001 lower (0.005 lower to 0.003 higher).',
  )
  const html = renderEvaluation(all, [])
  expect(html).toContain(
    '<p class="verdict">Of the dollars you spent 60&nbsp;% (55&nbsp;% to 65&nbsp;%) could',
  )
  expect(html.indexOf('verdict">')).toBeLessThan(html.indexOf('<main>'))
})

it('claims nothing that the intervals do not bear', () => {
  const unsure = policy('model:b', estimate(0.004, 0.0004), estimate(0.9, 0.02), estimate(0.001, 0.02))
  expect(evaluationVerdict(evaluation(LOGGED, unsure))).toBe(
    'The log does not show that dollars could be saved at the same quality: the cheapest policy that was asked for, model:b, would have cost 60 % less for a reward that is 0.001 higher (0.019 lower to 0.021 higher).',
  )
  const chance = policy('uniform', estimate(0.0098, 0.0004), estimate(0.9, 0.01), estimate(0, 0.001))
  expect(evaluationVerdict(evaluation(LOGGED, chance))).toContain('cost 2.0 % less, which may be chance, for')
  const dear = policy('model:a', estimate(0.02, 0.0004), estimate(0.9, 0.01), estimate(0.1, 0.001))
  expect(evaluationVerdict(evaluation(LOGGED, dear))).toContain('would have cost 100 % more for')
})

it('says why nothing is known', () => {
  expect(evaluationVerdict(evaluation(LOGGED))).toMatch(/no other policy was asked for \(--policy\)\.$/)
  const other = policy('model:b', null, estimate(0.9, 0.01), estimate(0, 0.001))
  expect(evaluationVerdict(evaluation(LOGGED, other))).toMatch(/what the other policies would have cost\.$/)
  const silent = policy('logged', null, estimate(0.9, 0.01), null)
  expect(evaluationVerdict(evaluation(silent, other))).toMatch(/the log does not say what requests cost\.$/)
  const free = policy('logged', estimate(0, 0), estimate(0.9, 0.01), null)
  expect(evaluationVerdict(evaluation(free, other))).toMatch(/^No dollars could be saved: .* cost nothing\.$/)
  const unrewarded = policy('logged', estimate(0.01, 0.0003), null, null)
  expect(evaluationVerdict(evaluation(unrewarded, other))).toMatch(/what answers were worth\.$/)
})

it('does not say that all could be saved where something would be spent', () => {
  const cheap = policy('model:b', estimate(2e-5, 1e-6), estimate(0.9, 0.001), estimate(0, 0.001))
  const dear = policy('logged', estimate(0.01, 1e-6), estimate(0.9, 0.001), null)
  expect(evaluationVerdict(evaluation(dear, cheap))).toMatch(
    /^Of the dollars you spent over 99 % \(over 99 % to over 99 %\) could be saved/,
  )
})

it('does not take answers that are all worth the same for proof that worse ones are rare, until they are many', () => {
  const logged = policy('logged', estimate(0.01, 0.0003), estimate(1, 0), null)
  const few = { ...policy('model:b', estimate(0.001, 0.0001), estimate(1, 0), estimate(0, 0)) }
  expect(evaluationVerdict(evaluation(logged, { ...few, effectiveSampleSize: 60.4 }))).toBe(
    'Whether dollars could be saved at the same quality is not known yet: all answers that tell of model:b were worth the same, and 368 of them would show that worse ones are rare; the log has 60.',
  )
  expect(evaluationVerdict(evaluation(logged, { ...few, effectiveSampleSize: 368 }))).toMatch(
    /^Of the dollars you spent 90 % .* could be saved at the same quality/,
  )
})

it('seldom claims the same quality where it is lower: of 100 logs of answers that are nearly always right', () => {
  let claims = 0
  for (let seed = 1; seed <= 100; seed++) {
    const random = mulberry32(seed)
    const lines = Array.from({ length: 130 }, (_, i) => {
      const model = random() < 0.5 ? 'small' : 'large'
      const costUsd = (model === 'small' ? 1e-4 : 1e-2) * (1 + random())
      const reward = random() < (model === 'small' ? 0.97 : 0.999) ? 1 : 0
      const context = [1, random(), random()]
      return JSON.stringify({ id: `${i}`, context, model, propensity: 0.5, costUsd, reward })
    })
    const log = parseDecisionLog(lines.join('\n'), 'log')
    try {
      if (/^Of the dollars/.test(evaluationVerdict(evaluatePolicies(log, ['model:small'])))) claims++
    } catch (error) {
      expect(error).toMatchObject({ code: 'LOG_UNSUPPORTED' })
    }
  }
  expect(claims).toBeLessThanOrEqual(3)
})
