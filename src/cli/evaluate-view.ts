import type { Estimate } from '../evaluate/estimators.js'
import type { Evaluation, PolicyEvaluation } from '../evaluate/evaluation.js'
import { ESTIMATORS } from '../evaluate/labels.js'
import { evaluationVerdict } from '../evaluate/verdict.js'
import { fixed, percent, plural, usd } from './format.js'
import { type Column, renderTable } from './table.js'

const ESTIMATE_COLUMNS: readonly Column[] = [
  { title: 'Policy' },
  { title: 'Estimator' },
  { title: 'Reward', align: 'right' },
  { title: '95 % CI', align: 'right' },
  { title: 'USD/request', align: 'right' },
  { title: '95 % CI', align: 'right' },
]
const SUPPORT_COLUMNS: readonly Column[] = [
  { title: 'Policy' },
  { title: 'Over logged', align: 'right' },
  { title: '95 % CI', align: 'right' },
  { title: 'Effective sample', align: 'right' },
  { title: 'Largest weight', align: 'right' },
  { title: 'Matched', align: 'right' },
  { title: 'Unsupported', align: 'right' },
]

/** Estimates of every policy, and what the log has to say of each. */
export function evaluationText(evaluation: Evaluation): string {
  const { policies } = evaluation
  const estimates = renderTable(ESTIMATE_COLUMNS, policies.flatMap(estimateRows))
  const support = renderTable(SUPPORT_COLUMNS, policies.map(supportRow))
  const lacks = policies.flatMap(({ policy, rewardLack, costLack }) => [
    ...(rewardLack === null ? [] : [`No reward of ${policy}: ${rewardLack}.`]),
    ...(costLack === null ? [] : [`No cost of ${policy}: ${costLack}.`]),
  ])
  const verdict = evaluationVerdict(evaluation)
  const notes = [...lacks, 'Go by doubly robust; estimators that disagree are a warning.', verdict]
  return [...provenance(evaluation), '', estimates, support, ...notes, ''].join('\n')
}

/** What the estimates stand on: which requests count, which are left out, what is assumed. A sentence each. */
export function provenance(evaluation: Evaluation): string[] {
  const { log, requests, evaluated, leftOut, rewarded, settled, failed, assumedEligible, orphans } =
    evaluation
  const { assumedPropensities } = evaluation
  const left = [
    [leftOut.forced, 'forced explorations or canaries'],
    [leftOut.certain, 'others whose model was certain'],
    [leftOut.unknown, 'without a propensity'],
  ] as const
  const reasons = left.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]))
  const sentences = [
    `${log}: ${plural(requests, 'request')}, ${evaluated} evaluated, of which ${rewarded} are rewarded, ${settled} settled, ${failed} failed.`,
  ]
  if (reasons.length > 0) sentences.push(`Left out for every policy: ${reasons.join(', ')}.`)
  if (rewarded < evaluated) {
    sentences.push(
      `${evaluated - rewarded} have no reward: taken to be missing at random, given the model that was called.`,
    )
  }
  if (settled < evaluated) sentences.push(`${evaluated - settled} have no cost: taken likewise.`)
  if (assumedEligible > 0) {
    sentences.push(
      `${assumedEligible} do not say which models were eligible: taken to be all ${evaluation.models.length}.`,
    )
  }
  if (assumedPropensities > 0) {
    sentences.push(
      `ASSUMED: ${assumedPropensities} have no propensity of the log; their models are taken to be drawn by chance, whatever the prompt. If that is not so, all but the logged policy is wrong.`,
    )
  }
  if (orphans > 0)
    sentences.push(`Feedback for ${plural(orphans, 'request')} that the log does not have is ignored.`)
  return sentences
}

function estimateRows({ policy, reward, costUsd }: PolicyEvaluation): string[][] {
  return ESTIMATORS.map(([key, name], i) => [
    i === 0 ? policy : '',
    name,
    ...cells(reward?.[key] ?? null, (value) => fixed(value, 4)),
    ...cells(costUsd?.[key] ?? null, usd),
  ])
}

function supportRow(each: PolicyEvaluation): string[] {
  return [
    each.policy,
    ...cells(each.rewardOverLogged, (value) => fixed(value, 4)),
    fixed(each.effectiveSampleSize, 0),
    fixed(each.largestWeight, 1),
    percent(each.matchedShare),
    percent(each.unsupportedShare),
  ]
}

function cells(
  estimate: Estimate | null,
  format: (value: number) => string,
): [mean: string, interval: string] {
  if (estimate === null) return ['-', '-']
  return [format(estimate.mean), estimate.ci95.map(format).join(' to ')]
}
