// A process of its own for the tests of the SQLite store: node sqlite-child.mjs MODE FILE [EVENTS]
//   append  appends batches without end; prints `firstNumber count` of each that was acknowledged
//   hold    opens the log, prints `open` and waits to be killed
//   look    opens the file with SQLite as any program does, reads of it and closes it
//   once    opens and closes it; leave: opens it and returns. Both print the code of an error, or `open`
import { readFileSync, writeSync } from 'node:fs'
import { sqliteStore } from '../../dist/store/sqlite.js'

const [, , mode, file, eventsFile] = process.argv
const HEADER = { version: 1, settings: { dimension: 26 } }
const print = (line) => writeSync(1, `${line}\n`)
if (mode === 'look') {
  await look()
  process.exit()
}
const store = sqliteStore(file)

try {
  const opened = await store.open(HEADER, [])
  if (mode === 'append') await append(opened)
  print('open')
  if (mode === 'hold') setInterval(() => {}, 1000)
  if (mode === 'once') await store.close()
} catch (error) {
  print(error.code)
}

async function look() {
  const db = await openAnyhow()
  db.prepare('SELECT 1 FROM events').get()
  db.close()
}

async function openAnyhow() {
  if (process.versions.bun) return new (await import('bun:sqlite')).Database(file)
  const better = await import('better-sqlite3').catch(() => null)
  try {
    return new better.default(file)
  } catch {
    return new (await import('node:sqlite')).DatabaseSync(file)
  }
}

/** Event `number` is line `number % lines` of the file, in hex. */
async function append({ origin, firstNumber }) {
  const pool = readFileSync(eventsFile, 'utf8').trimEnd().split('\n')
  for (let next = firstNumber; ; ) {
    const count = 1 + ((next * 7919) % 60)
    const events = Array.from({ length: count }, (_, i) => Buffer.from(pool[(next + i) % pool.length], 'hex'))
    await store.append({ origin, firstNumber: next, events })
    print(`${next} ${count}`)
    next += count
  }
}
