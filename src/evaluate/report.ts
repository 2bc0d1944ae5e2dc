import { escapeHtml } from '../report/escape.js'
import { type ForestLine, forestHeight, forestPlot } from '../report/forest-plot.js'
import { percent, perThousand, usdPerThousand } from '../report/format.js'
import { pageHead } from '../report/page-head.js'
import { drawing, HALF } from '../report/svg.js'
import { verdictLines } from '../report/verdict-lines.js'
import type { Estimate } from './estimators.js'
import type { Evaluation, PolicyEvaluation } from './evaluation.js'
import { ESTIMATORS } from './labels.js'
import { evaluationVerdict, VERDICT_NOTE } from './verdict.js'

/**
 * One self-contained HTML page: rewards and costs of the policies with their intervals, and what the log has to say of
 * each. No script, nothing from elsewhere; all text that comes from the log is escaped.
 * @param summary what was left out and assumed, a sentence each
 */
export function renderEvaluation(evaluation: Evaluation, summary: readonly string[]): string {
  const title = `Policies on ${evaluation.log}`
  const [{ reward: logged, costUsd: loggedCost }] = evaluation.policies
  return `${pageHead(title)}
${verdictLines(evaluationVerdict(evaluation), VERDICT_NOTE)}
${summary.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join('\n')}
</header>
<main><section><div class="grid">
${figure('Mean reward', forest(evaluation, 'reward', logged?.doublyRobust.mean ?? null))}
${figure('Mean cost', forest(evaluation, 'costUsd', loggedCost?.doublyRobust.mean ?? null))}
</div>
<details open><summary>What the log has to say of each</summary>${supportTable(evaluation.policies)}</details>
</section></main>
<footer>Bars are 95 % confidence intervals; the dashed line is what was logged. Made by paretobandit evaluate.</footer>
</body></html>
`
}

function figure(name: string, drawn: string): string {
  return `<figure><figcaption><b>${name}</b></figcaption>${drawn}</figure>`
}

function forest(evaluation: Evaluation, metric: 'reward' | 'costUsd', reference: number | null): string {
  const format = metric === 'reward' ? (value: number) => value.toFixed(3) : usdPerThousand
  const lines = evaluation.policies.flatMap(({ policy, [metric]: estimates }) =>
    ESTIMATORS.flatMap(([key, name], i): ForestLine[] => {
      if (estimates === null) return []
      const { mean, ci95 } = estimates[key]
      const interval = `${format(ci95[0])} to ${format(ci95[1])}`
      const text = `${policy}, ${name}: ${format(mean)}, 95 % interval ${interval}`
      return [
        {
          group: i === 0 ? policy : '',
          label: name,
          mean,
          ci95,
          hint: text,
          faint: key !== 'doublyRobust',
        },
      ]
    }),
  )
  if (lines.length === 0) return '<p>The log cannot support it.</p>'
  const sizes = HALF.map((size) => ({ ...size, height: forestHeight(lines) }))
  const plot = {
    lines,
    reference,
    xFormat: format,
    xLabel: metric === 'reward' ? 'reward per request' : 'USD per 1,000 requests',
  }
  return drawing(metric === 'reward' ? 'Mean reward of policies' : 'Mean cost of policies', sizes, (size) =>
    forestPlot(plot, size),
  )
}

function supportTable(policies: readonly PolicyEvaluation[]): string {
  const rows = policies.map((each) => {
    const cells = [
      each.policy,
      gain(each.rewardOverLogged),
      each.costUsd === null ? '-' : perThousand(each.costUsd.doublyRobust.mean),
      each.effectiveSampleSize.toFixed(0),
      each.largestWeight.toFixed(1),
      percent(each.matchedShare),
    ]
    return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  const titles = ['Policy', 'Reward over logged', 'Cost', 'Effective sample', 'Largest weight', 'Matched']
  const head = titles.map((title) => `<th>${title}</th>`).join('')
  return `<div class="scroll"><table class="names"><tr>${head}</tr>${rows.join('')}</table></div>`
}

function gain(estimate: Estimate | null): string {
  if (estimate === null) return '-'
  const [low, high] = estimate.ci95.map((value) => value.toFixed(3))
  return `${estimate.mean.toFixed(3)} (${low} to ${high})`
}
