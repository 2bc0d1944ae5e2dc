import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { dashboardFiles } from '../../../src/gateway/node/dashboard-files.js'

const BYTES_MAX = 150 * 1024

it(`the dashboard is less than ${BYTES_MAX} bytes gzipped, all together`, async () => {
  const files = await dashboardFiles()
  if (files === undefined) throw new Error('dist/dashboard/ is missing: run npm run build')
  const bytes = Object.values(files).reduce((sum: number, text: string) => sum + gzipSync(text).length, 0)
  expect(bytes).toBeGreaterThan(20 * 1024)
  expect(bytes).toBeLessThan(BYTES_MAX)
})

it('names the licences of what is bundled into it', () => {
  const notices = readFileSync(new URL('../../../dist/THIRD_PARTY_NOTICES.txt', import.meta.url), 'utf8')
  for (const name of ['preact', '@preact/signals', '@preact/signals-core', 'uplot'])
    expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)$`, 'm'))
})
