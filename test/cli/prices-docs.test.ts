import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createRouter, type Router } from '../../src/index.js'
import { importPrices } from '../../src/prices/index.js'
import { Folder } from './support.js'

const folder = new Folder()
const DOCS = readFileSync(new URL('../../docs/PRICES.md', import.meta.url), 'utf8')

/** Blocks of code in a language, '' for those without. */
function blocks(language: string): string[] {
  return [...DOCS.matchAll(/```(\w*)\n(.*?)```/gs)].flatMap(([, name, code]) =>
    name === language ? [code] : [],
  )
}

test('the code of docs/PRICES.md runs with the list that stands above it, and tells what that lacks', async () => {
  const [list] = blocks('json')
  const [code] = blocks('ts')
  const asked: string[] = []
  const told: string[] = []
  const importListed: typeof importPrices = async (source, options) => {
    asked.push(String(source))
    return importPrices(JSON.parse(list), options)
  }
  const body = code.replace(/^import .*$/gm, '')
  const run = new Function(
    'createRouter',
    'importPrices',
    'console',
    `return (async () => {${body}\nreturn router })()`,
  )
  const log = (...parts: readonly string[]) => told.push(parts.join(' '))
  const router: Router = await run(createRouter, importListed, { log })
  expect(asked).toEqual(['https://models.dev/api.json'])
  expect(told).toEqual([expect.stringMatching(/^large the list has no price of audioInput/)])
  expect(router.stats().models.map(({ id, outputUsdPerMTok }) => [id, outputUsdPerMTok])).toEqual([
    ['large', 10],
    ['small', 0.4],
  ])
})

test('the command of docs/PRICES.md prints what stands below it', async () => {
  const [list, models] = blocks('json')
  await folder.write('api.json', list)
  await folder.write('models.json', models)
  const [, ...args] = /^ {4}(paretobandit prices import .*)$/m.exec(DOCS)?.[1].split(' ') ?? []
  const withoutTime = (text: string) => text.replace(/read [^;]+;/, 'read;')
  const { stdout } = await folder.run(args)
  expect(stdout).toContain('large  output')
  expect(withoutTime(stdout)).toBe(withoutTime(blocks('')[0]))
})
