import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createRouter } from '../../src/index.js'
import { expectRejection } from '../support/errors.js'

it.runIf(process.env.VITEST_MODE !== 'WATCH')(
  'modules of the source and of the tests are Node’s own',
  async () => {
    const { stack = '' } = await expectRejection(createRouter({ alpha: -1 }), 'INVALID_ARGUMENT', 'alpha')
    expect(stack).toMatch(/build\/test-modules\/[0-9a-f]+\/src\//)
    const { stack: ours = '' } = await expectRejection(Promise.resolve(), 'INVALID_ARGUMENT').catch(
      (error) => error,
    )
    expect(ours).toMatch(/build\/test-modules\/[0-9a-f]+\/test\/support\/errors\.js/)
  },
)

it('tests that replace modules stand in the list of those that have some of their own', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const [, listed = ''] =
    /const APART = \[([^\]]*)\]/.exec(readFileSync(join(root, 'vitest.config.ts'), 'utf8')) ?? []
  const replacing = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => /^ *vi\.(?:mock|doMock)\(/m.test(readFileSync(join(root, 'test', name), 'utf8')))
  expect(replacing.length).toBeGreaterThan(0)
  expect(replacing.filter((name) => !listed.includes(`test/${name.replaceAll('\\', '/')}`))).toEqual([])
})
