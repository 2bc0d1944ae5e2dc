import { afterEach, beforeEach, expect, it } from 'vitest'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { describeStore } from './conformance.js'
import { describeSqlite, Folder } from './sqlite-support.js'

describeSqlite('with better-sqlite3', () => {
  describeStore('a store in SQLite', async (options) => {
    const folder = new Folder()
    const file = folder.file()
    const store = sqliteStore(file, options)
    return {
      store,
      open: async () => sqliteStore(file, options),
      dispose: async () => {
        await store.close()
        folder.remove()
      },
    }
  })
})
