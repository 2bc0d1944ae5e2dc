import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { REASONS } from '../../src/evaluate/import-log/index.js'
import { createLogImport } from '../../src/evaluate/index.js'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import { fitPriors } from '../../src/index.js'
import { lines, liteLlm, openAi, PRICES, told } from '../evaluate/import-log/logs.js'
import { Folder } from './support.js'

const folder = new Folder()
const DOCS = readFileSync(new URL('../../docs/IMPORT.md', import.meta.url), 'utf8')

function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(DOCS)
  if (found === null) throw new Error(`no block of ${language}`)
  return found[1]
}

/** The words of a line of a shell, double quotes taken off. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain)
}

test('the quick start has ten lines at most, and each of them does what it says', async () => {
  const calls = told(120).map((call) => liteLlm(call, { metadata: { stars: 1 + 4 * call.reward } }))
  await folder.write('spend.jsonl', lines(calls))
  await folder.write('models.json', { models: PRICES })
  const quickStart = block('sh').trim().split('\n')
  expect(quickStart.length).toBeLessThanOrEqual(10)
  const said: string[] = []
  for (const line of quickStart.filter((each) => !each.startsWith('#'))) {
    const [command, ...args] = wordsOf(line)
    expect(command).toBe('paretobandit')
    said.push(await folder.ok(args))
  }
  expect(said).toHaveLength(5)
  expect(said[0]).toContain('rows.jsonl: 120 rows for priors, from 120 of 120 rows; 0 left out.')
  expect(said[1]).toContain('priors of 2 models from 120 prompts')
  expect(said[4]).toContain('120 requests, 120 evaluated')
})

test('the example in code makes priors', () => {
  const code = block('js').replace(/^import .*\n/gm, '')
  const run = new Function(
    'createLogImport',
    'fitPriors',
    'defaultEncoder',
    'records',
    'models',
    `${code}\nreturn priors`,
  )
  const records = told(20).map((call) => openAi(call, { reward: undefined, rating: call.reward }))
  const priors = run(createLogImport, fitPriors, defaultEncoder, records, PRICES)
  expect(priors.models.small.rows + priors.models.large.rows).toBe(20)
})

test('every reason is in the table, with its words', () => {
  const table = /<!-- begin:reasons -->(.*?)<!-- end:reasons -->/s.exec(DOCS)?.[1] ?? ''
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map(([, reason, words]) => [
    reason,
    words,
  ])
  expect(rows).toEqual(Object.entries(REASONS))
})
