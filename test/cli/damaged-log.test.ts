import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { Database, sqlite } from '../store/sqlite-support.js'
import { Folder } from './support.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'large', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
]

describe.skipIf(Database === null)('a log with a damaged event', () => {
  const folder = new Folder()

  test.each([1, 4, 12])(
    '%i from its end is inspected: the damage is named, the rest is shown',
    async (back) => {
      const file = join(folder.path, 'damaged.db')
      const router = await createRouter({
        models: MODELS,
        dimension: 3,
        store: sqliteStore(file),
        journal: { snapshotOnClose: false },
      })
      for (let i = 0; i < 10; i++) router.settle(router.route([0.1, i, 1]).id, { costUsd: 1e-4 })
      await router.flush()
      await router.close()
      const db = new (sqlite())(file)
      const row = db
        .prepare('SELECT position, bytes FROM events ORDER BY position DESC LIMIT 1 OFFSET ?')
        .get(back - 1) as { position: number; bytes: Buffer }
      row.bytes[12] ^= 1
      db.prepare('UPDATE events SET bytes = ? WHERE position = ?').run(row.bytes, row.position)
      db.close()
      const text = await folder.ok(['inspect', 'damaged.db', '--events', '10'])
      expect(text).toContain(`event at position ${row.position}`)
      if (back <= 10) expect(text).toMatch(/unreadable .*checksum/)
      expect(text).toContain('routed')
      const found = JSON.parse(await folder.ok(['inspect', 'damaged.db', '--json']))
      expect(found.damage.join(' ')).toContain(`${row.position}`)
    },
  )
})
