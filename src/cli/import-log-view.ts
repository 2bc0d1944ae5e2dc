import { visible } from '../base/visible.js'
import { FAR } from '../evaluate/import-log/costs.js'
import { type ImportReport, REASONS, type UnseenName } from '../evaluate/import-log/index.js'
import { fixed, plural, usd } from './format.js'
import { shellWord } from './shell-word.js'
import { type Column, renderTable } from './table.js'

const LEFT_COLUMNS: readonly Column[] = [
  { title: 'Left out', align: 'right' },
  { title: 'Why' },
  { title: 'First at' },
]
const MODEL_COLUMNS: readonly Column[] = [
  { title: 'Model' },
  { title: 'Rows', align: 'right' },
  { title: 'Rewarded', align: 'right' },
  { title: 'Mean reward', align: 'right' },
  { title: 'Cost', align: 'right' },
]

/** What an import used and what not, and what its rows are good for. */
export function importText(report: ImportReport, out: string): string {
  const { rowsIn, rowsUsed, rowsWritten, leftOut, models } = report
  const left = rowsIn - rowsUsed
  const first = `${visible(out)}: ${plural(rowsWritten, 'row')} for ${report.for}, from ${rowsUsed} of ${plural(rowsIn, 'row')}; ${left} left out.`
  const tables = [
    renderTable(
      MODEL_COLUMNS,
      Object.entries(models).map(([id, { rows, rewarded, meanReward, costUsd }]) => [
        id,
        `${rows}`,
        `${rewarded}`,
        fixed(meanReward, 3),
        usd(costUsd),
      ]),
    ),
    ...(leftOut.length === 0
      ? []
      : [
          renderTable(
            LEFT_COLUMNS,
            leftOut.map(({ reason, count, first: place }) => [`${count}`, REASONS[reason], place]),
          ),
        ]),
  ]
  return `${[first, '', ...tables, ...notesOf(report, out)].join('\n')}\n`
}

/** Everything that is left out, in a line: of an import that came to nothing. */
export function leftOutLine(report: ImportReport): string {
  const { rowsIn, leftOut } = report
  if (rowsIn === 0) return 'expected a row that can be used, got no rows'
  const reasons = leftOut.map(({ reason, count, first }) => `${count} ${REASONS[reason]} (first at ${first})`)
  const lines = [`expected a row that can be used, got none of ${rowsIn}: ${reasons.join(', ')}`]
  return [...lines, ...hintsOf(report)].join('; ')
}

function hintsOf({
  leftOut,
  unknownModels,
  unknownWords,
  unknownFields,
  unreadColumns,
  otherScores,
  scores,
  unseen,
}: ImportReport): string[] {
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${visible(name)} (${count})`)
      .join(', ')
  return [
    ...(unseen.length === 0
      ? []
      : [`no row has what was asked for by ${unseen.map(flagOf).join(', ')}: nothing was read of it`]),
    ...(leftOut.some(({ reason }) => reason === 'unknown-format')
      ? [
          `rows of no known format: --format says which it is, --column names the fields of another; the first has ${unknownFields.map(visible).join(', ')}`,
        ]
      : []),
    ...(unreadColumns.length === 0
      ? []
      : [
          `columns that nothing was read of: ${unreadColumns.map(visible).join(', ')}; --column cost=NAME says which has dollars, --column inputTokens=NAME and outputTokens=NAME tokens, --reward NAME rewards`,
        ]),
    ...(scores.read === 0 || scores.calls > 0
      ? []
      : [`none of the scores of --scores (${scores.read}) is of a call of the log: the ids differ`]),
    ...(Object.keys(unknownModels).length === 0
      ? []
      : [`models that --model or --models could name: ${listed(unknownModels)}`]),
    ...(Object.keys(unknownWords).length === 0
      ? []
      : [`words that --reward-word could give a value: ${listed(unknownWords)}`]),
    ...(Object.keys(otherScores).length === 0
      ? []
      : [`scores that --reward could name: ${listed(otherScores)}`]),
    ...(leftOut.some(({ reason }) => reason === 'reward-out-of-range')
      ? ['rewards out of their range: where --reward-range is wrong, those in it are wrong too']
      : []),
  ]
}

/** The flag that named it. */
function flagOf({ option, what, name }: UnseenName): string {
  if (option === 'columns') return `--column ${visible(`${what}=${name}`)}`
  return option === 'names' ? `--model ${visible(`${what}=${name}`)}` : `--${option} ${visible(name)}`
}

function notesOf(report: ImportReport, out: string): string[] {
  const { costs, rewards, propensities, rowsUsed, times } = report
  const notes = [`Costs: ${costs.fromLog} from the log, ${costs.fromPrices} from prices.`]
  if (costs.unknown > 0) notes.push(`${costs.unknown} have no cost, ${rewards.unknown} no reward.`)
  else if (rewards.unknown > 0) notes.push(`${rewards.unknown} have no reward.`)
  if (costs.zero > 0)
    notes.push(`${costs.zero} cost $0: right for models of your own, wrong for a price nobody knew.`)
  if (costs.differing > 0)
    notes.push(
      `${costs.differing} cost over 5 % more or less in the log than by the given prices, the first at ${costs.firstDiffering}: the log counts.`,
    )
  if (costs.far > 0)
    notes.push(
      `${costs.far} cost ${FAR} times the given prices or more, the first at ${costs.firstFar}: is the log's cost in dollars?`,
    )
  if (costs.unchecked > 0)
    notes.push(
      `${costs.unchecked} have tokens that cannot be priced, the first at ${costs.firstUnchecked}: the log's cost counts, and was compared with nothing.`,
    )
  notes.push(...hintsOf(report).map((hint) => `${hint[0].toUpperCase()}${hint.slice(1)}.`))
  if (report.for === 'evaluate' && times.unread > 0)
    notes.push(
      `${times.unread} have a time that cannot be read, the first at ${times.firstUnread}: 'evaluate' takes the order of the rows for that of time.`,
    )
  if (report.for === 'evaluate' && propensities < rowsUsed)
    notes.push(withoutPropensity(rowsUsed - propensities))
  if (out !== '-') notes.push(`Next: ${nextOf(report.for, shellWord(visible(out)))}`)
  return notes
}

function withoutPropensity(count: number): string {
  return [
    `${count} have no propensity: 'evaluate' tells from them what was earned and spent, and nothing of another policy.`,
    "If models were drawn by chance, whatever the prompt, 'evaluate --assume-random' says so.",
  ].join(' ')
}

function nextOf(use: ImportReport['for'], out: string): string {
  if (use === 'priors') return `paretobandit fit-priors --data ${out} --out priors.json`
  if (use === 'evaluate') return `paretobandit evaluate --log ${out}`
  return `paretobandit replay --data ${out} --models MODELS`
}
