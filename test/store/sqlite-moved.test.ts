import { cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { Router } from '../../src/router/router.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { MODELS, X } from '../support/router.js'
import { HEADER, lines, makeEvents, readAll } from './conformance.js'
import { copyLog, describeSqlite, Folder, SIDE_FILES } from './sqlite-support.js'

let folder: Folder
let file: string
beforeEach(() => {
  folder = new Folder()
  file = folder.file()
})
afterEach(() => folder.remove())

/** What people do to a log that a router has open, and what they make of it. */
const MOVES: Readonly<Record<string, RegExp>> = {
  removed: /log\.db to be the file that was opened, it was removed or renamed/,
  renamed: /log\.db to be the file that was opened, it was removed or renamed/,
  'in a folder that was renamed': /log\.db to be the file that was opened, it was removed or renamed/,
  'replaced by a copy': /log\.db to be the file that was opened, it was replaced by another/,
  'without its -wal': /log\.db-wal to be the file that was opened, it was removed or renamed/,
}

function move(name: string): void {
  if (name === 'removed') for (const side of SIDE_FILES) rmSync(file + side, { force: true })
  else if (name === 'renamed') renameSync(file, folder.file('old.db'))
  else if (name === 'in a folder that was renamed') renameSync(folder.path, `${folder.path}-old`)
  else if (name === 'without its -wal') rmSync(`${file}-wal`)
  else {
    cpSync(file, folder.file('copy.db'))
    renameSync(folder.file('copy.db'), file)
  }
}

describeSqlite('a log that is moved while a router writes it', () => {
  const failures: unknown[] = []
  let router: Router
  beforeEach(async () => {
    failures.length = 0
    router = await createRouter({
      dimension: X.length,
      models: MODELS,
      store: sqliteStore(file),
      journal: { onStoreError: (error) => failures.push(error) },
    })
  })
  afterEach(() => rmSync(`${folder.path}-old`, { recursive: true, force: true }))

  it.each(Object.entries(MOVES))('%s takes no more events', async (name, why) => {
    const [{ id }, waiting] = [router.route(X), router.route(X)]
    await router.settle(id, { costUsd: 0.001 }).durable
    move(name)
    const late = router.reward(id, 1).durable
    expect((await expectRejection(late, 'STORE_CORRUPT', `sqlite:${file}`)).message).toMatch(why)
    expectCode(() => router.route(X), 'STORE_CORRUPT')
    expectCode(() => router.settle(waiting.id, { costUsd: 0.001 }), 'STORE_CORRUPT')
    expect(failures).toHaveLength(1)
    await router.close().catch(() => undefined)
  })

  it('is reported by close, where nothing came after', async () => {
    await router.reward(router.route(X).id, 1).durable
    move('renamed')
    await expectRejection(router.close(), 'STORE_CORRUPT', `sqlite:${file}`)
    expect(existsSync(file)).toBe(false)
  })

  it('keeps what was acknowledged when its -wal was removed, whatever becomes of the process', async () => {
    const ids = Array.from({ length: 20 }, () => router.route(X).id)
    await router.rewardMany(ids.map((id) => ({ id, reward: 1 }))).durable
    move('without its -wal')
    await expectRejection(router.reward(router.route(X).id, 1).durable, 'STORE_CORRUPT')
    copyLog(file, folder.file('crashed.db'))
    await router.close().catch(() => undefined)
    for (const name of ['crashed.db', 'log.db']) {
      const next = await createRouter({
        dimension: X.length,
        models: MODELS,
        store: sqliteStore(folder.file(name)),
      })
      expect(next.recovery?.repairs).toEqual([])
      for (const id of ids) expectCode(() => next.reward(id, 1), 'ALREADY_REWARDED')
      await next.close()
    }
  })
})

describeSqlite('the log that takes the place of one that was moved', () => {
  it('loses nothing to the writer of the old one', async () => {
    const old = sqliteStore(file)
    const opened = await old.open(HEADER, makeEvents(1, 3))
    for (const side of [...SIDE_FILES, '-writer'])
      if (existsSync(file + side)) renameSync(file + side, `${folder.file('old.db')}${side}`)
    const next = sqliteStore(file)
    const begun = await next.open(HEADER, makeEvents(1, 2))
    await next.append({ ...begun, events: makeEvents(3, 5) })
    await expectRejection(old.append({ ...opened, events: makeEvents(4, 1) }), 'STORE_CORRUPT')
    await expectRejection(old.writeNote('name', 'text'), 'STORE_CORRUPT')
    await expectRejection(old.close(), 'STORE_CORRUPT')
    await next.append({ ...begun, firstNumber: begun.firstNumber + 5, events: makeEvents(8, 1) })
    await next.close()
    const again = sqliteStore(file)
    expect((await again.open(HEADER, [])).repairs).toEqual([])
    expect(lines(await readAll(again))).toHaveLength(8)
    await again.close()
  })
})
