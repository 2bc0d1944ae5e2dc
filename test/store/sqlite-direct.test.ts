import { copyFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { DirectLink } from '../../src/store/sqlite/direct-link.js'
import { openSqliteReadOnly, sqliteStore } from '../../src/store/sqlite/index.js'
import { openSqliteReadOnlyBy } from '../../src/store/sqlite/read-only.js'
import {
  type SqliteStore,
  type SqliteStoreOptions,
  sqliteStoreWith,
} from '../../src/store/sqlite/sqlite-store.js'
import { wrong } from '../support/errors.js'
import { describeStore, HEADER, lines, makeEvents, readAll } from './conformance.js'
import { describeSqlite, Folder, hasSqlite } from './sqlite-support.js'

const direct = (file: string, options: SqliteStoreOptions = {}): SqliteStore =>
  sqliteStoreWith(file, options, { linked: () => new DirectLink() })

describeStore(
  'a store in SQLite in the thread of its caller',
  async (options) => {
    const own = new Folder()
    const opened: SqliteStore[] = []
    const open = async () => {
      const made = direct(own.file(), options)
      opened.push(made)
      return made
    }
    const store = await open()
    return {
      store,
      open,
      dispose: async () => {
        for (const each of opened) await each.close()
        own.remove()
      },
    }
  },
  !hasSqlite,
)

describeSqlite('SQLite in the thread of its caller', () => {
  let folder: Folder
  beforeEach(() => {
    folder = new Folder()
  })
  afterEach(() => folder.remove())

  const told = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'done',
      (error: unknown) =>
        error instanceof ParetoBanditError ? [error.code, error.field, error.message] : error,
    )

  it('says what one in a thread of its own says', async () => {
    const holder = sqliteStore(folder.file())
    await holder.open(HEADER, [])
    const make = [sqliteStore, direct]
    for (const file of [folder.file(), folder.file('nowhere/log.db'), folder.path]) {
      const [own, same] = await Promise.all(make.map((made) => told(made(file).open(HEADER, []))))
      expect(own).toEqual([expect.any(String), `sqlite:${file}`, expect.any(String)])
      expect(same).toEqual(own)
    }
    await holder.close()
    const file = folder.file('missing.db')
    const own = await told(openSqliteReadOnly(file))
    expect(own).toEqual(['STORE_UNREACHABLE', `sqlite:${file}`, expect.any(String)])
    expect(await told(openSqliteReadOnlyBy(file, {}, () => new DirectLink()))).toEqual(own)
    expect(await told(openSqliteReadOnlyBy(file, wrong({ driver: 'x' }), () => new DirectLink()))).toEqual(
      await told(openSqliteReadOnly(file, wrong({ driver: 'x' }))),
    )
  })

  it('says what is none of SQLite in one line, and of no worker', async () => {
    const store = direct(folder.file())
    await store.open(HEADER, [])
    await store.append({ origin: 'local', firstNumber: 1, events: makeEvents(1, 3) })
    // As a writer leaves it that was killed; who reads such a log reads a copy in a temporary folder.
    const file = folder.file('killed.db')
    for (const end of ['', '-wal']) copyFileSync(`${folder.file()}${end}`, `${file}${end}`)
    await store.close()
    const temporary = folder.file('nowhere')
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, temporary)
    const refused = await told(openSqliteReadOnlyBy(file, {}, () => new DirectLink()))
    vi.unstubAllEnvs()
    const said = expect.stringMatching(
      /^sqlite:\S+: it failed: ENOENT: no such file or directory, mkdtemp '.*'$/,
    )
    expect(refused).toEqual(['STORE_UNREACHABLE', `sqlite:${file}`, said])
    expect(String(refused)).toContain(temporary)
  })

  it('lets the file go where it could not be opened, and when it is closed', async () => {
    const refused = sqliteStoreWith(folder.file(), {}, { mustExist: true, linked: () => new DirectLink() })
    expect(await told(refused.open(HEADER, []))).toContain('STORE_MISMATCH')
    const first = direct(folder.file())
    await first.open(HEADER, [])
    await first.append({ origin: 'local', firstNumber: 1, events: makeEvents(1, 3) })
    await first.close()
    expect(await told(first.read('', 0))).toContain('STORE_CLOSED')
    const next = sqliteStore(folder.file())
    await next.open(HEADER, [])
    expect(lines(await readAll(next))).toHaveLength(3)
    const reader = await openSqliteReadOnlyBy(folder.file(), {}, () => new DirectLink())
    expect(lines(await readAll(reader))).toEqual(lines(await readAll(next)))
    await reader.close()
    expect(await told(reader.read(''))).toContain('STORE_CLOSED')
    await next.close()
  })
})
