import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { storeError } from '../../src/store/sqlite/failure.js'
import { Inspection } from '../../src/store/sqlite/inspection.js'
import { SqliteLog } from '../../src/store/sqlite/log.js'
import { packEvents, unpackEvents } from '../../src/store/sqlite/packing.js'
import { expectCode } from '../support/errors.js'
import { Random } from '../support/random.js'
import { hex, makeEvents } from './conformance.js'
import {
  copyLog,
  describeSqlite,
  edit,
  Folder,
  HEADER,
  NO_EVENTS,
  settingsOf,
  sqlite,
} from './sqlite-support.js'

let folder: Folder
let file: string
beforeEach(() => {
  folder = new Folder()
  file = folder.file()
})
afterEach(() => folder.remove())

const EVENTS = 120
const PAGE = 4096

interface Shape {
  readonly snapshots: readonly number[]
  readonly retainEvents?: number
  /** Whether it was left by a crash, `-wal` and all. */
  readonly isCrashed?: boolean
}

const SHAPES: readonly (readonly [string, Shape])[] = [
  ['a log from its beginning', { snapshots: [] }],
  ['a log with snapshots', { snapshots: [40, 80] }],
  ['a log whose events were dropped behind snapshots', { snapshots: [40, 80], retainEvents: 20 }],
  ['a log that a crash left', { snapshots: [40], isCrashed: true }],
]

/** Leaves the log of that shape in `file`. */
function make({ snapshots, retainEvents = 1_000_000, isCrashed = false }: Shape): void {
  const source = folder.file('source.db')
  const log = SqliteLog.open(
    sqlite(),
    settingsOf(source, { retainEvents }),
    HEADER,
    packEvents(makeEvents(1, 10)),
  )
  for (let first = 11; first < EVENTS; first += 10) {
    log.append('local', first, packEvents(makeEvents(first, 10)))
    if (snapshots.includes(first - 1)) log.writeSnapshot(first - 1, new Uint8Array(300).fill(first))
  }
  while (log.trim());
  log.writeNote('settings', '{"tau":0.25}')
  if (isCrashed) copyLog(source, file, ['', '-wal'])
  log.close()
  if (!isCrashed) copyLog(source, file, [''])
}

/** What a recovery takes from it. */
function recovered(log: SqliteLog): string[] {
  const { header, end, start } = log.opened
  const snapshot = log.snapshot(Number.MAX_SAFE_INTEGER)
  const from = snapshot?.position ?? 0
  const { batches, events } = log.read(from)
  return [
    JSON.stringify({ header, start, end, batches, note: log.note('settings') }),
    hex(new Uint8Array(events)),
    snapshot === null ? 'none' : hex(snapshot.bytes),
  ]
}

type Outcome = 'the same' | 'told' | 'silent' | `untyped: ${string}`

/** Opens it, and once more after it was written to. */
function outcomeOf(path: string, wanted: readonly string[], numberMin: number): Outcome {
  try {
    let told = false
    let log = SqliteLog.open(sqlite(), settingsOf(path), HEADER, NO_EVENTS)
    try {
      told ||= log.opened.repairs.length > 0
      const isSame = JSON.stringify(recovered(log)) === JSON.stringify(wanted)
      const { firstNumber } = log.opened
      if (firstNumber < numberMin) return 'silent'
      if (!told && !isSame) return 'silent'
      for (let i = 0; i < 10; i++)
        log.append('local', firstNumber + 10 * i, packEvents(makeEvents(firstNumber + 10 * i, 10)))
      if (told) return 'told'
    } finally {
      log.close()
    }
    log = SqliteLog.open(sqlite(), settingsOf(path), HEADER, NO_EVENTS)
    const { repairs, end } = log.opened
    log.close()
    if (repairs.length > 0) return 'told'
    return end === EVENTS + 100 ? 'the same' : 'silent'
  } catch (thrown) {
    const error = storeError('', thrown)
    return error instanceof ParetoBanditError ? 'told' : `untyped: ${(error as Error).stack}`
  }
}

interface Intact {
  readonly wanted: readonly string[]
  readonly firstNumber: number
  readonly bytes: Buffer
}

function intact(side = ''): Intact {
  const copy = folder.file('copy.db')
  copyLog(file, copy)
  const log = SqliteLog.open(sqlite(), settingsOf(copy), HEADER, NO_EVENTS)
  const wanted = recovered(log)
  const { firstNumber } = log.opened
  log.close()
  return { wanted, firstNumber, bytes: readFileSync(file + side) }
}

/** What is neither the same nor told with that bit the other way. */
function afterFlip(bit: number, { wanted, firstNumber, bytes }: Intact): string[] {
  const copy = folder.file('copy.db')
  copyLog(file, copy)
  const flipped = Buffer.from(bytes)
  flipped[bit >> 3] ^= 1 << (bit & 7)
  writeFileSync(copy, flipped)
  const outcome = outcomeOf(copy, wanted, firstNumber)
  return outcome === 'the same' || outcome === 'told' ? [] : [`byte ${bit >> 3} bit ${bit & 7}: ${outcome}`]
}

describeSqlite('a bit that is another', () => {
  it.each(SHAPES)('of %s is told, or changes nothing', (_, shape) => {
    make(shape)
    const log = intact()
    const random = new Random(7)
    const silent: string[] = []
    // Beside the whole file the schema and what the log is by itself, on the first two pages.
    for (let i = 0; i < 300; i++) {
      const among = i % 3 === 0 ? 2 * PAGE : log.bytes.length
      silent.push(...afterFlip(random.below(8 * among), log))
    }
    expect(silent).toEqual([])
  })

  it('is shown to those who only look, as far as there is something to see', () => {
    make({ snapshots: [40, 80] })
    const log = intact()
    const copy = folder.file('copy.db')
    const random = new Random(9)
    const untyped: string[] = []
    for (let i = 0; i < 300; i++) {
      const bit = random.below(8 * (i % 3 === 0 ? 2 * PAGE : log.bytes.length))
      const flipped = Buffer.from(log.bytes)
      flipped[bit >> 3] ^= 1 << (bit & 7)
      writeFileSync(copy, flipped)
      try {
        const reader = Inspection.open(sqlite(), copy, 'copy')
        try {
          for (let after = reader.opened.start; after < reader.opened.end; ) {
            const { batches } = reader.read(after)
            after = batches.at(-1)?.position ?? Number.POSITIVE_INFINITY
          }
        } finally {
          reader.close()
        }
      } catch (thrown) {
        const error = storeError('', thrown)
        if (!(error instanceof ParetoBanditError)) untyped.push(`bit ${bit}: ${(error as Error).stack}`)
      }
      if (!readFileSync(copy).equals(flipped)) untyped.push(`bit ${bit}: written to`)
    }
    expect(untyped).toEqual([])
  })

  it("of SQLite's own header is told, or changes nothing", () => {
    make({ snapshots: [40] })
    const log = intact()
    const silent: string[] = []
    for (let bit = 0; bit < 8 * 100; bit += 2) silent.push(...afterFlip(bit + ((bit >> 3) % 2), log))
    expect(silent).toEqual([])
  })

  it('of the write-ahead log ends it there, as SQLite has it', () => {
    make({ snapshots: [], isCrashed: true })
    const { bytes } = intact('-wal')
    const copy = folder.file('copy.db')
    const random = new Random(8)
    const wrong: string[] = []
    for (let i = 0; i < 100; i++) {
      const bit = random.below(8 * bytes.length)
      copyLog(file, copy, [''])
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] ^= 1 << (bit & 7)
      writeFileSync(`${copy}-wal`, flipped)
      const log = SqliteLog.open(sqlite(), settingsOf(copy), HEADER, NO_EVENTS)
      const { repairs, end } = log.opened
      const kept = unpackEvents(log.read(0).events).map(hex)
      const wanted = makeEvents(1, end).map(hex)
      if (repairs.length > 0 || end % 10 !== 0 || kept.join() !== wanted.join()) wrong.push(`bit ${bit}`)
      log.close()
    }
    expect(wrong).toEqual([])
  })
})

describeSqlite('a file that ends early', () => {
  it.each(SHAPES.slice(0, 3))('of %s is told', (_, shape) => {
    make(shape)
    const { wanted, bytes } = intact()
    const copy = folder.file('copy.db')
    const outcomes: string[] = []
    for (let size = 0; size < bytes.length; size += size < 120 || size % PAGE >= PAGE - 3 ? 1 : 97) {
      copyLog(file, copy)
      truncateSync(copy, size)
      const outcome = outcomeOf(copy, wanted, 0)
      if (outcome !== 'told') outcomes.push(`${size} of ${bytes.length} bytes: ${outcome}`)
    }
    expect(outcomes).toEqual([])
  })

  it('after no byte at all begins a new log, and says that there was a file', () => {
    writeFileSync(file, '')
    const log = SqliteLog.open(sqlite(), settingsOf(file), HEADER, packEvents(makeEvents(1, 3)))
    expect(log.opened).toMatchObject({ isNew: true, repairs: [expect.stringContaining('without a byte')] })
    log.close()
  })

  it.each(['nothing', 'no byte'])('and has %s left but its write-ahead log is refused', (what) => {
    make({ snapshots: [], isCrashed: true })
    if (what === 'nothing') rmSync(file)
    else truncateSync(file, 0)
    const before = readFileSync(`${file}-wal`)
    expectCode(() => SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS), 'STORE_CORRUPT')
    expect(readFileSync(`${file}-wal`).equals(before)).toBe(true)
  })
})

describeSqlite('rows that are gone', () => {
  it.each([
    ['the latest events of a log that a crash left', 'DELETE FROM events WHERE position > 110', 'told'],
    ['all events', 'DELETE FROM events', 'told'],
    [
      'the checksum of a row that is another, as if an older schema had written it',
      'UPDATE events SET previous = NULL, checksum = NULL, number = 1 WHERE position = 115',
      'told',
    ],
    ['what the log is', "DELETE FROM meta WHERE key = 'header'", 'STORE_CORRUPT'],
    ['how far events were dropped', "DELETE FROM meta WHERE key = 'trimmed_position'", 'STORE_CORRUPT'],
    ['its floor of numbers', "DELETE FROM meta WHERE key = 'last_number'", 'STORE_CORRUPT'],
    ['its note', "DELETE FROM meta WHERE key LIKE 'note:%'", 'STORE_CORRUPT'],
    ['all facts', 'DELETE FROM meta', 'STORE_CORRUPT'],
    ['a table', 'DROP TABLE events', 'STORE_CORRUPT'],
  ])('are told: %s', (_, sql, wanted) => {
    make({ snapshots: [], isCrashed: true })
    edit(file, sql)
    if (wanted === 'told') {
      const log = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
      expect(log.opened.repairs).toHaveLength(1)
      log.close()
      const again = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
      expect(again.opened.repairs).toEqual([])
      again.close()
    } else expectCode(() => SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS), 'STORE_CORRUPT')
  })

  it.each([
    ['the latest one', 'DELETE FROM snapshots WHERE position = 80'],
    ['the older one', 'DELETE FROM snapshots WHERE position = 40'],
  ])('are none of a state where the log goes back far enough: %s of two snapshots', (_, sql) => {
    make({ snapshots: [40, 80], retainEvents: 20 })
    edit(file, sql)
    const log = () => SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
    log().close()
    edit(file, 'DELETE FROM snapshots')
    expectCode(log, 'STORE_CORRUPT')
  })

  it('may be anything else in the file: tables of people are not its own', () => {
    make({ snapshots: [] })
    edit(file, 'CREATE TABLE mine (x); CREATE INDEX by_model ON events (model); VACUUM')
    const log = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
    expect(log.opened).toMatchObject({ end: EVENTS, repairs: [] })
    log.close()
  })
})
