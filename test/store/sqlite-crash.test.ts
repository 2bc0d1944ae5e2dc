import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { START } from '../../src/log/store.js'
import { openSqliteReadOnly, sqliteStore } from '../../src/store/sqlite/index.js'
import { NUMBER_GAP } from '../../src/store/sqlite/messages.js'
import { sqliteStoreWith } from '../../src/store/sqlite/sqlite-store.js'
import { expectRejection } from '../support/errors.js'
import { Random } from '../support/random.js'
import { HEADER, hex, lines, makeEvents, readAll } from './conformance.js'
import { copyLog, describeSqlite, Folder, hasOwnSqlite } from './sqlite-support.js'

const CHILD = fileURLToPath(new URL('sqlite-child.mjs', import.meta.url))
const ROUNDS = 20
const POOL = 997

let folder: Folder
beforeEach(() => {
  folder = new Folder()
})
afterEach(() => folder.remove())

function start(mode: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [CHILD, mode, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('expected a pipe')
  for await (const line of createInterface({ input: child.stdout })) return line
  return ''
}

describeSqlite('a process that is killed', () => {
  it(`loses no acknowledged event and tears no batch, ${ROUNDS} times`, async () => {
    const random = new Random(20_261)
    const pool = makeEvents(0, POOL).map(hex)
    const eventsFile = folder.file('events.txt')
    writeFileSync(eventsFile, pool.join('\n'))
    const file = folder.file()
    let acknowledged: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const child = start('append', file, eventsFile)
      const printed: string[] = []
      if (child.stdout === null) throw new Error('expected a pipe')
      const input = createInterface({ input: child.stdout })
      input.on('line', (line) => {
        // From the first on it runs for 0 to 60 ms.
        if (printed.push(line) === 1) setTimeout(() => child.kill('SIGKILL'), random.below(60))
      })
      await once(input, 'close')
      const store = sqliteStore(file, { lockWaitMs: 2000 })
      const { firstNumber, repairs } = await store.open(HEADER, [])
      expect(repairs).toEqual([])
      const there = lines(await readAll(store))
      const wanted = printed.flatMap((line) => {
        const [first, count] = line.split(' ').map(Number)
        return Array.from({ length: count }, (_, i) => `local ${first + i} ${pool[(first + i) % POOL]}`)
      })
      expect(printed.length).toBeGreaterThan(0)
      const all = [...acknowledged, ...wanted]
      expect(there.slice(0, all.length)).toEqual(all)
      checkUnacknowledged(there.slice(all.length), pool, printed)
      expect(firstNumber).toBe(Number(there.at(-1)?.split(' ')[1]) + 1 + NUMBER_GAP)
      acknowledged = there
      await store.close()
    }
  })

  it('gives up its lock', async () => {
    const file = folder.file()
    const child = start('hold', file)
    expect(await firstLine(child)).toBe('open')
    const refused = await expectRejection(
      sqliteStore(file).open(HEADER, []),
      'STORE_LOCKED',
      `sqlite:${file}`,
    )
    expect(refused.message).toContain(`${file}-writer`)
    expect(refused.message).not.toContain('this process')
    const before = Date.now()
    await expectRejection(sqliteStore(file, { lockWaitMs: 300 }).open(HEADER, []), 'STORE_LOCKED')
    expect(Date.now() - before).toBeGreaterThanOrEqual(290)
    setTimeout(() => child.kill('SIGKILL'), 100)
    const store = sqliteStore(file, { lockWaitMs: 10_000 })
    expect((await store.open(HEADER, [])).isNew).toBe(false)
    await store.close()
  })

  it('that closes its log, or forgets to, ends by itself', async () => {
    for (const mode of ['once', 'leave']) {
      const child = start(mode, folder.file())
      const [[code], line] = await Promise.all([once(child, 'exit'), firstLine(child)])
      expect([line, code]).toEqual(['open', 0])
    }
  })
})

/** At most one batch that was committed but not acknowledged before the end: whole. */
function checkUnacknowledged(
  rest: readonly string[],
  pool: readonly string[],
  printed: readonly string[],
): void {
  if (rest.length === 0) return
  const [first, count] = (printed.at(-1) ?? '0 0').split(' ').map(Number)
  const next = first + count
  expect(rest).toHaveLength(1 + ((next * 7919) % 60))
  expect(rest).toEqual(rest.map((_, i) => `local ${next + i} ${pool[(next + i) % POOL]}`))
}

describeSqlite('numbers of events', () => {
  it('go on after a clean close, and leave a gap after a crash, each time', async () => {
    const file = folder.file()
    const crashed = folder.file('crashed.db')
    const store = sqliteStore(file)
    const first = await store.open(HEADER, makeEvents(1, 2))
    expect(first.firstNumber).toBe(3)
    await store.append({ ...first, events: makeEvents(3, 5) })
    copyLog(file, crashed, ['', '-wal'])
    await store.close()
    const again = await store.open(HEADER, [])
    expect(again.firstNumber).toBe(8)
    await store.close()
    const after = sqliteStore(crashed)
    expect((await after.open(HEADER, [])).firstNumber).toBe(8 + NUMBER_GAP)
    // Nothing was appended, but its numbers may have been given out.
    const twice = folder.file('twice.db')
    copyLog(crashed, twice, ['', '-wal'])
    await after.close()
    const second = sqliteStore(twice)
    expect((await second.open(HEADER, [])).firstNumber).toBe(8 + 2 * NUMBER_GAP)
    await second.close()
  })

  it('outlast the events that had them', async () => {
    const store = sqliteStore(folder.file(), { retainEvents: 0 })
    const opened = await store.open(HEADER, [])
    const position = await store.append({ ...opened, events: makeEvents(1, 5) })
    await store.writeSnapshot({ position: START, bytes: Uint8Array.of(1) })
    await store.writeSnapshot({ position, bytes: Uint8Array.of(1) })
    const next = await store.append({ ...opened, firstNumber: 6, events: makeEvents(6, 5) })
    await store.writeSnapshot({ position: next, bytes: Uint8Array.of(2) })
    await store.append({ ...opened, firstNumber: 11, events: makeEvents(11, 1) })
    await store.close()
    expect(await store.open(HEADER, [])).toMatchObject({ end: '11', firstNumber: 12 })
    await store.close()
  })
})

describeSqlite('a reader', () => {
  it('sees whole batches while a writer writes, and does not hold it up', async () => {
    const file = folder.file()
    const store = sqliteStore(file)
    const opened = await store.open(HEADER, makeEvents(0, 1))
    const reader = await openSqliteReadOnly(file)
    let position = START
    let sights = 0
    const write = async (i: number) => {
      const events = makeEvents(1 + 10 * i, 10)
      await store.append({ origin: opened.origin, firstNumber: opened.firstNumber + 10 * i, events })
    }
    let batches = 0
    let isDone = false
    const writing = (async () => {
      while (batches < 100 || (sights < 20 && batches < 2000)) await write(batches++)
      isDone = true
    })()
    while (!isDone) {
      const read = await reader.read(position)
      if (read.length === 0) continue
      const from = Number(position)
      position = read[read.length - 1].position
      expect(Number(position) % 10).toBe(1)
      const wanted = makeEvents(from, Number(position) - from)
      expect(read.flatMap(({ events }) => events.map(hex))).toEqual(wanted.map(hex))
      sights++
    }
    await writing
    expect(sights).toBeGreaterThan(5)
    const end = String(1 + 10 * batches)
    for (const at of ['991', end]) await store.writeSnapshot({ position: at, bytes: Uint8Array.of(1) })
    expect(reader).toMatchObject({ header: HEADER, damage: [] })
    const positions = []
    for await (const snapshot of reader.snapshots()) positions.push(snapshot.position)
    expect(positions).toEqual([end, '991'])
    await store.close()
    await reader.close()
    await expectRejection(reader.read(START), 'STORE_CLOSED')
    expect(await store.open(HEADER, [])).toMatchObject({ end, firstNumber: 2 + 10 * batches, repairs: [] })
    await store.close()
  })

  it('leaves no trace, be the log closed, crashed or copied in part', async () => {
    const file = folder.file()
    const store = sqliteStore(file)
    const opened = await store.open(HEADER, makeEvents(1, 2))
    await store.append({ ...opened, events: makeEvents(3, 3) })
    const names = { crashed: folder.file('crashed.db'), copied: folder.file('copied.db') }
    copyLog(file, names.crashed)
    copyLog(file, names.copied, ['', '-wal'])
    await store.close()
    const before = traces()
    for (const each of [file, names.crashed, names.copied]) {
      const reader = await openSqliteReadOnly(each)
      expect(reader).toMatchObject({ header: HEADER, end: '5', damage: [] })
      expect(lines(await readAll(reader))).toHaveLength(5)
      await reader.close()
    }
    expect(traces()).toEqual(before)
    expect(before.filter((line) => line.startsWith('log.db'))).toHaveLength(2)
  })

  it('is told what there is not', async () => {
    await expectRejection(openSqliteReadOnly(folder.file()), 'STORE_UNREACHABLE')
    writeFileSync(folder.file(), '')
    await expectRejection(openSqliteReadOnly(folder.file()), 'STORE_MISMATCH')
    expect(readdirSync(folder.path)).toEqual(['log.db'])
  })

  /** Names and content; `-shm` is memory that SQLite shares, not content. */
  function traces(): string[] {
    return readdirSync(folder.path).map((name) => {
      const path = folder.file(name)
      return name.endsWith('-shm') ? name : `${name} ${statSync(path).mtimeMs} ${hex(readFileSync(path))}`
    })
  }
})

describe('a worker of the SQLite store', () => {
  it('that fails rejects all that waits for it, and the store can be opened again', async () => {
    const worker = folder.file('worker.mjs')
    writeFileSync(
      worker,
      `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ id, op, header }) => {
        if (op === 'append') throw new Error('lightning')
        parentPort.postMessage({ id, value: { isNew: true, header, firstNumber: 1, end: 0, repairs: [] } })
      })`,
    )
    const store = sqliteStoreWith(folder.file(), {}, { worker: pathToFileURL(worker) })
    const opened = await store.open(HEADER, [])
    const batch = { ...opened, events: makeEvents(1, 1) }
    const [error] = await Promise.all([
      expectRejection(store.append(batch), 'STORE_UNREACHABLE'),
      expectRejection(store.append(batch), 'STORE_UNREACHABLE'),
    ])
    expect(error.message).toMatch(/lightning/)
    const closed = await expectRejection(store.read(START, 0), 'STORE_CLOSED', store.description)
    expect(closed.message).toMatch(/lightning.*; open the store again/)
    await store.close()
    expect((await store.open(HEADER, [])).isNew).toBe(true)
    await store.close()
  })

  it('that lacks a file which it imports says what to do about bundles', async () => {
    const worker = folder.file('worker.mjs')
    writeFileSync(worker, `import './chunk-that-was-not-copied.js'`)
    const store = sqliteStoreWith(folder.file(), {}, { worker: pathToFileURL(worker) })
    const { message } = await expectRejection(store.open(HEADER, []), 'STORE_UNREACHABLE')
    expect(message).toMatch(/chunk-that-was-not-copied\.js.*: leave paretobandit out of bundles/)
  })

  it.skipIf(hasOwnSqlite)('says what to install where there is no SQLite', async () => {
    const away = new Folder(tmpdir())
    try {
      mkdirSync(away.file('store'))
      writeFileSync(away.file('package.json'), '{"type":"module"}')
      const dist = new URL('../../dist/', import.meta.url)
      copyFileSync(new URL('store/sqlite-worker.js', dist), away.file('store/worker.js'))
      cpSync(fileURLToPath(new URL('chunks', dist)), away.file('chunks'), { recursive: true })
      const worker = pathToFileURL(away.file('store/worker.js'))
      const error = await expectRejection(
        sqliteStoreWith(folder.file(), {}, { worker }).open(HEADER, []),
        'MISSING_DEPENDENCY',
        'better-sqlite3',
      )
      expect(error.message).toContain('npm install better-sqlite3')
      expect(readdirSync(folder.path)).toEqual([])
    } finally {
      away.remove()
    }
  })
})
