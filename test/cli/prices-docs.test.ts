import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Folder } from './support.js'

const folder = new Folder()
const DOCS = readFileSync(new URL('../../docs/PRICES.md', import.meta.url), 'utf8')

/** Blocks of code in a language, '' for those without. */
function blocks(language: string): string[] {
  return [...DOCS.matchAll(/```(\w*)\n(.*?)```/gs)].flatMap(([, name, code]) =>
    name === language ? [code] : [],
  )
}

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
