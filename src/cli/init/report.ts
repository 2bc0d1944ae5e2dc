import { createRequire } from 'node:module'
import { join } from 'node:path'
import { plural, usdInText } from '../../base/format.js'
import { visible } from '../../base/visible.js'
import { DEFAULT_CONFIGS } from '../gateway-config.js'
import { shellWord } from '../shell-word.js'
import { type FirstConfig, namesOf, REQUEST_TEXT, requestUsd } from './first-config.js'
import { isSet } from './providers.js'
import { LISTEN } from './upstream-tree.js'

/** What was written, what may surprise, and what to do next. @param file where it went; `-`: standard output */
export function reportOf(file: string, config: FirstConfig, notes: readonly string[]): string {
  const { upstreams, models, budget } = config
  const [usual] = DEFAULT_CONFIGS
  const path = file === '-' ? usual : file
  const isDefault = path === usual
  const packages = upstreams.flatMap(({ package: name }) =>
    typeof name === 'string' && !isInstalled(name) ? [`npm install ${name}`] : [],
  )
  const money = [
    budget.usdPerRequest === null ? 'no budget' : `budget ${usdInText(budget.usdPerRequest)} per request`,
    ...(budget.usdPerMonth === null ? [] : [`cap ${usdInText(budget.usdPerMonth)} per month`]),
  ]
  const url = `http://${LISTEN.host}:${LISTEN.port}`
  const client = upstreams.every(({ protocol }) => protocol === 'anthropic')
    ? `new Anthropic({ baseURL: '${url}', apiKey: KEY })`
    : `new OpenAI({ baseURL: '${url}/v1', apiKey: KEY })`
  const names = namesOf(models)
  const absent = upstreams
    .map(({ apiKey }) => String(apiKey).slice(1))
    .filter((name) => !isSet(process.env[name]))
  const lines = [
    `${file === '-' ? 'standard output' : file}: ${plural(models.length, 'model')} on ${plural(upstreams.length, 'upstream')}, ${money.join(', ')}`,
    ...[...notes, ...budgetNotes(config)].map((note) => `  note: ${note}`),
    `next${absent.length === 0 ? '' : `, with ${absent.join(' and ')} in the environment`}:`,
    ...[
      ...packages,
      `paretobandit check-config ${shellWord(path)}`,
      `paretobandit keys create my-app${isDefault ? '' : ` --config ${shellWord(path)}`}`,
      `paretobandit serve ${shellWord(path)}`,
    ].map((line) => `  $ ${line}`),
    'and in clients, with the key that was printed:',
    `  ${client}, and the model 'auto'${names.length === 0 ? '' : `; ${names.map((name) => `'${name}'`).join(', ')} ${names.length === 1 ? 'means' : 'mean'} the same (aliases)`}`,
  ]
  return `${lines.map(visible).join('\n')}\n`
}

/** What a budget cannot hold, or does not limit, by a request of the size that comments have. */
function budgetNotes({ models, budget: { usdPerRequest } }: FirstConfig): readonly string[] {
  const costs = models.map(({ prices }) => requestUsd(prices))
  const [least, most] = [Math.min(...costs), Math.max(...costs)]
  const of = `what a request of ${REQUEST_TEXT} costs on the`
  return [
    ...(models.length === 1
      ? ['with one model there is nothing to choose: give two to five, far apart in price']
      : []),
    ...(usdPerRequest !== null && usdPerRequest < least
      ? [
          `the budget is below ${usdInText(least)}, ${of} cheapest model: all get that one, and shorter requests alone hold it`,
        ]
      : []),
    ...(usdPerRequest !== null && usdPerRequest >= most
      ? [
          `the budget is not below ${usdInText(most)}, ${of} dearest model: of requests of that size it saves nothing`,
        ]
      : []),
  ]
}

/** Beside this package, or where the command runs: there `serve` looks for it. */
function isInstalled(name: string): boolean {
  return [import.meta.url, join(process.cwd(), 'package.json')].some((from) => {
    try {
      createRequire(from).resolve(name)
      return true
    } catch {
      return false
    }
  })
}
