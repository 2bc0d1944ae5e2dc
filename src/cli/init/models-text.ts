import { importList } from '../../prices/import-prices.js'
import { checkOptions } from '../../prices/options.js'
import { isAddress } from '../../prices/read-source.js'
import { CommandError } from '../command-error.js'
import { fixed } from '../format.js'
import { shellWord } from '../shell-word.js'
import { renderTable } from '../table.js'
import { REQUEST_TEXT, requestUsd } from './first-config.js'
import type { ListEntry } from './list-entries.js'
import type { StartProvider } from './providers.js'
import type { StartList } from './read-list.js'
import { isOf } from './wanted-model.js'

/** Of more models a person at a terminal sees as many of the cheapest, and of the dearest. */
const END_ROWS = 15

/**
 * The models that a list has of these providers, by what a request costs, and how to choose.
 * @param isForPerson whether of many models a few are shown
 * @throws BAD_ARGUMENT: it has none
 */
export function modelsText(
  { list, format, what, entries }: StartList,
  providers: readonly StartProvider[],
  source: string,
  secrets: boolean,
  isForPerson: boolean,
): string {
  const known = new Map<string, ListEntry>(
    providers.flatMap((provider) =>
      entries
        .filter((entry) => isOf(entry, provider, format) && entry.isChat && !entry.isGone)
        .map((entry): [string, ListEntry] => [`${provider.id}/${entry.model}`, entry]),
    ),
  )
  const has = ({ id }: StartProvider) => [...known.keys()].some((each) => each.startsWith(`${id}/`))
  const ids = providers
    .filter((each) => known.size === 0 || has(each))
    .map(({ id }) => id)
    .join(', ')
  const none = providers.filter((each) => !has(each)).map(({ id }) => id)
  if (known.size === 0)
    throw new CommandError(
      'BAD_ARGUMENT',
      `${list.name}: expected models of ${ids}${secrets ? ', whose keys the environment has' : ''}: ${what} has none${format === 'openrouter' ? ", as its names are those of OpenRouter: https://models.dev/api.json has all providers' own" : ''}`,
    )
  const models = Object.fromEntries([...known].map(([id, { name }]) => [id, name]))
  const read = (unpriced: 'refuse' | 'dearest') =>
    importList(list, checkOptions({ models, unpriced, partial: true })).models
  const whole = new Set(read('refuse').map(({ id }) => id))
  const priced = read('dearest').toSorted((a, b) => requestUsd(a) - requestUsd(b))
  const rows = priced.map((model) => [
    model.id,
    String(model.inputUsdPerMTok),
    String(model.outputUsdPerMTok),
    fixed(1000 * requestUsd(model), 3),
    String(known.get(model.id)?.contextTokens ?? known.get(model.id)?.maxInputTokens ?? '-'),
    [
      ...(whole.has(model.id) ? [] : ['--unpriced dearest']),
      ...(known.get(model.id)?.isForResponses === true ? ['clients of /v1/responses'] : []),
    ].join(', '),
  ])
  const left = isForPerson ? rows.length - 2 * END_ROWS : 0
  const table = renderTable(
    [
      { title: 'model' },
      { title: 'input', align: 'right' },
      { title: 'output', align: 'right' },
      { title: '1,000 requests', align: 'right' },
      { title: 'context', align: 'right' },
      { title: 'needs' },
    ],
    left > 0 ? [...rows.slice(0, END_ROWS), ...rows.slice(-END_ROWS)] : rows,
  )
  const hidden = known.size - priced.length
  const again = isAddress(source) && source.includes('?') ? 'LIST' : shellWord(source)
  return [
    `${list.name} (${format}): models of ${ids}; USD per million tokens, and per 1,000 requests of ${REQUEST_TEXT}`,
    '',
    table,
    ...(left > 0
      ? [
          `These are the ${END_ROWS} cheapest and the ${END_ROWS} dearest; ${left} more are between them. All of them: the same command with | less, those of one provider: | grep ${known.keys().next().value?.split('/')[0] ?? ''}/`,
          '',
        ]
      : []),
    ...(none.length === 0 ? [] : [`none in this list: ${none.join(', ')}`, '']),
    ...(hidden === 0
      ? []
      : [
          `${hidden} more ${hidden === 1 ? 'is' : 'are'} not shown: their prices are missing, 0, or far off ('prices import' says why)`,
          '',
        ]),
    'Nothing is written yet. Choose two to five that you would use, far apart in price: which answers better is learned from feedback.',
    `  $ paretobandit init ${secrets ? '' : '--no-secrets '}--prices ${again} --model ... --model ... --usd-per-request ...`,
    '',
  ].join('\n')
}
