import { usdPerThousand } from '../../report/format.js'
import { CHECK_NAMES, type Check, type CheckName } from '../check.js'

/** More of them tell rounding errors. */
const DECIMALS_MAX = 15

/** The cells of one check. */
interface CheckGroup {
  readonly name: CheckName
  readonly total: number
  readonly missed: readonly Check[]
  /** Limits in force, each once. */
  readonly limits: readonly number[]
  readonly bound: Check['bound']
}

/** Checks by name, in the order of CHECK_NAMES; those that were not made are left out. */
export function checkGroups(checks: readonly Check[]): CheckGroup[] {
  return CHECK_NAMES.flatMap((name) => {
    const cells = checks.filter((check) => check.name === name)
    if (cells.length === 0) return []
    return [
      {
        name,
        total: cells.length,
        missed: cells.filter(({ ok }) => !ok),
        limits: [...new Set(cells.map(({ limit }) => limit))],
        bound: cells[0].bound,
      },
    ]
  })
}

/** Which cell: budget per 1,000 requests, phase, variant. */
export function placeText({ budgetUsdPerRequest, phase, variant }: Check): string {
  const parts = [usdPerThousand(budgetUsdPerRequest)]
  if (phase !== null) parts.push(`phase ${phase}`)
  if (variant !== null) parts.push(variant)
  return parts.join(' ')
}

/** What was measured, to one decimal more than its limit; of a miss that is not seen then, to the first decimal that shows it. */
export function measuredText({ name, measured, limit, bound, ok }: Check): string {
  const least = isDifference(name) ? 4 : 3
  const isSeen = (decimals: number) => {
    const rounded = Number(measured.toFixed(decimals))
    return bound === 'at-most' ? rounded > limit : rounded < limit
  }
  let decimals = least
  while (!ok && decimals < DECIMALS_MAX && !isSeen(decimals)) decimals++
  return isDifference(name) ? signed(measured, decimals) : measured.toFixed(decimals)
}

/** A limit with its direction: `at most 1.03`. */
export function limitText(name: CheckName, limit: number, bound: Check['bound']): string {
  const text = isDifference(name) ? signed(limit) : String(limit)
  return `${bound === 'at-least' ? 'at least' : 'at most'} ${text}`
}

const DIFFERENCES: readonly CheckName[] = [
  'reward-vs-mix',
  'reward-vs-paper',
  'cold-vs-warm',
  'first-requests',
]

function isDifference(name: CheckName): boolean {
  return DIFFERENCES.includes(name)
}

export function signed(value: number, decimals = 4): string {
  const text = Math.abs(value).toFixed(decimals).replace(/^0\./, '.')
  return value < 0 ? `-${text}` : value > 0 ? `+${text}` : '0'
}
