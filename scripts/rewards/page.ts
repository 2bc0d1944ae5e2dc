import { scaleLinear, scaleLog } from 'd3-scale'
import { spread } from '../../src/report/labels.js'
import { label, polyline, tag } from '../../src/report/svg.js'
import { ALONE, JUDGES, type SetStudy, SHARES, VARIANTS } from './study.js'

/** The variant, and the share of it, that hears everything. */
const FULL_VARIANT = 0
const FULL_SHARE = SHARES.length - 1
const percent = (share: number) => `${Math.round(100 * share)} %`

const fullOf = ({ judged }: SetStudy): number => judged[FULL_VARIANT][FULL_SHARE] ?? 0

/** What is left of all that rewards are worth, over sets that tell it; null: none does. */
function kept(sets: readonly SetStudy[], read: (set: SetStudy) => number | null): number | null {
  let gained = 0
  let all = 0
  for (const set of sets) {
    const reward = read(set)
    if (reward === null) continue
    gained += reward - set.untaught
    all += fullOf(set) - set.untaught
  }
  return all > 0 ? gained / all : null
}

/** The table of docs/REWARDS.md. */
export function studyTable(sets: readonly SetStudy[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const row = (name: string, share: string, read: (set: SetStudy) => number | null) => {
    const left = kept(sets, read)
    const rewards = sets.map((set) => read(set)?.toFixed(4).replace(/^0/, '') ?? '')
    return line([name, share, ...rewards, left === null ? '' : percent(left)])
  }
  const head = ['what is heard', 'judged', ...sets.map(({ name }) => name), 'gain that is left']
  return [
    line(head),
    line(head.map(() => '---')),
    row('nothing', '', ({ untaught }) => untaught),
    ...VARIANTS.flatMap(({ name }, v) =>
      SHARES.map((share, i) => row(name, percent(share), ({ judged }) => judged[v][i])),
    ),
    ...ALONE.map(({ name }, v) => row(name, '', ({ alone }) => alone[v])),
  ].join('\n')
}

/** What `agreement()` says of each judge. */
export function agreementTable(sets: readonly SetStudy[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const head = ['the judge', ...sets.map(({ name }) => name)]
  const cell = (found: SetStudy['agreement'][number]) =>
    found === null
      ? ''
      : `${found.correlation.toFixed(2)} (${signed(found.meanDifference)}, ${Math.round(found.count)})`
  return [
    line(head),
    line(head.map(() => '---')),
    ...JUDGES.map(({ name }, j) => line([name, ...sets.map(({ agreement }) => cell(agreement[j]))])),
  ].join('\n')
}

const signed = (value: number) => (value < 0 ? '-' : '+') + Math.abs(value).toFixed(2)

const SIZE = { width: 920, height: 420 }
const MARGIN = { top: 78, right: 330, bottom: 48, left: 60 }
const STYLE = `text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#1d1f23}
.title{font-size:17px;font-weight:600}.note,.axis,.tick{fill:#5f6470}.tick,.axis{font-size:11.5px}
.grid{stroke:#dedbd2;stroke-width:1}.line{fill:none;stroke-width:2;stroke-linejoin:round}.end{font-weight:600;font-size:11.5px}
.level{stroke:#1d1f23;stroke-width:1.2;stroke-dasharray:5 4}`

/** The gain that is left by the share that is judged. */
export function studyPicture(sets: readonly SetStudy[]): string {
  const right = SIZE.width - MARGIN.right
  const bottom = SIZE.height - MARGIN.bottom
  const lines = VARIANTS.map(({ name, color }, v) => ({
    name,
    color: color ?? '#1d1f23',
    points: SHARES.map((share, i) => [share, kept(sets, ({ judged }) => judged[v][i]) ?? 0] as const),
  }))
  const levels = ALONE.map(({ name }, v) => ({ name, y: kept(sets, ({ alone }) => alone[v]) ?? 0 }))
  const all = [0, 1, ...lines.flatMap(({ points }) => points.map(([, y]) => y)), ...levels.map(({ y }) => y)]
  const x = scaleLog().domain([0.009, 1.1]).range([MARGIN.left, right])
  const y = scaleLinear()
    .domain([Math.min(...all) - 0.03, Math.max(...all) + 0.03])
    .range([bottom, MARGIN.top])
  const ends = [
    ...lines.map(({ name, color, points }) => ({ name, color, y: points[points.length - 1][1] })),
    ...levels.map((level) => ({ ...level, color: '#1d1f23' })),
  ]
  const places = spread(
    ends.map((end) => y(end.y)),
    15,
    MARGIN.top,
    bottom,
  )
  const title = 'What is left of the gain when few answers are judged'
  const { width, height } = SIZE
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height }
  return `${tag(
    'svg',
    { ...attributes, role: 'img', 'aria-label': title },
    tag('style', {}, STYLE),
    tag('rect', { width, height, fill: '#fcfbf8' }),
    label(title, 20, 28, { class: 'title' }),
    label(
      '0 %: a router without any reward. 100 %: one that hears the truth of every answer. All sets together; dashed: nobody judges.',
      20,
      48,
      { class: 'note' },
    ),
    ...y
      .ticks(6)
      .flatMap((value) => [
        tag('line', { x1: MARGIN.left, x2: right, y1: y(value), y2: y(value), class: 'grid' }),
        label(percent(value), MARGIN.left - 6, y(value) + 4, { class: 'tick', 'text-anchor': 'end' }),
      ]),
    ...SHARES.map((share) =>
      label(percent(share), x(share), bottom + 18, { class: 'tick', 'text-anchor': 'middle' }),
    ),
    label('share of answers that are judged (log)', right, height - 8, {
      class: 'axis',
      'text-anchor': 'end',
    }),
    ...levels.map((level) =>
      tag('line', { x1: MARGIN.left, x2: right, y1: y(level.y), y2: y(level.y), class: 'level' }),
    ),
    ...lines.map(({ color, points }) =>
      tag('path', {
        d: polyline(points.map(([px, py]) => [x(px), y(py)] as const)),
        class: 'line',
        stroke: color,
      }),
    ),
    ...ends.map(({ name, color }, i) =>
      label(name, right + 8, places[i] + 4, { class: 'end', style: `fill:${color}` }),
    ),
  )}\n`
}
