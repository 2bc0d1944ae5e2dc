import { someOf } from '../../base/format.js'
import type { Check } from '../../replay/check.js'
import { checkGroups, measuredText, placeText } from '../../replay/report/check-text.js'
import type { ReplayReport } from '../../replay/result.js'

/** Missed cells that a line names; the report and the JSON have all. */
const NAMED_MAX = 5

/** How many targets were met, and a line for each check that missed some. */
export function targetsText({ checks }: Pick<ReplayReport, 'checks'>): string {
  const passed = checks.filter(({ ok }) => ok).length
  const missed = checkGroups(checks)
    .filter((group) => group.missed.length > 0)
    .map((group) => {
      const missed = someOf(group.missed.map(missedText), NAMED_MAX)
      return `  ${group.name}: ${group.total - group.missed.length} of ${group.total}; missed ${missed}\n`
    })
  return `targets: passed ${passed} of ${checks.length}\n${missed.join('')}`
}

function missedText(check: Check): string {
  return `${placeText(check)} (${measuredText(check)})`
}
