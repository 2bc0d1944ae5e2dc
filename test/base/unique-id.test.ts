import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { uniqueId } from '../../src/base/unique-id.js'
import { createRewards } from '../../src/rewards/index.js'
import { makeBench, X } from '../support/router.js'

const SRC = fileURLToPath(new URL('../../src/', import.meta.url))
/** Rooms of servers, which always have it. */
const SERVERS = /^(gateway|cli|store)\//

describe('in a page that did not come by https', () => {
  beforeEach(() => {
    const { getRandomValues } = crypto
    vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(crypto) })
  })
  afterEach(() => void vi.unstubAllGlobals())

  it('names are in the form of a UUID, and differ', () => {
    const ids = Array.from({ length: 1000 }, uniqueId)
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('rewards are given', async () => {
    const { router } = await makeBench({ policy: 'dollar' })
    const rewards = createRewards(router)
    const { id } = router.route(X)
    expect(await rewards.give({ decision: id, value: 1, source: 'person' })).toBe('taken')
    await rewards.close()
    expect(router.stats().models.reduce((sum, { rewarded }) => sum + rewarded, 0)).toBe(1)
  })

  it('nothing that runs there asks for another', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    )
    expect(files).toContain(join('base', 'unique-id.ts'))
    const asking = files.filter((file) => {
      return !SERVERS.test(file) && /crypto\.randomUUID\(/.test(readFileSync(join(SRC, file), 'utf8'))
    })
    expect(asking).toEqual([])
  })
})
