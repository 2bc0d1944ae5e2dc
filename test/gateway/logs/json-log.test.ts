import { execFileSync, spawn } from 'node:child_process'
import { closeSync, copyFileSync, openSync, readFileSync, truncateSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { type JsonLog, jsonLog } from '../../../src/gateway/node/json-log.js'
import { tempFile } from '../keys/record-stores.js'

const open: number[] = []
afterEach(() => {
  for (const fd of open.splice(0)) closeSync(fd)
})

/** A log in a file, and all that it has written: what is on its way is there a moment later. */
function logOf(level: 'debug' | 'info' | 'warn' | 'error' | 'silent'): {
  log: JsonLog
  written(): unknown[]
  lines(): unknown[]
  text(): string
} {
  const path = tempFile()
  const fd = openSync(path, 'w')
  open.push(fd)
  const log = jsonLog(level, fd)
  const written = () => {
    const texts = readFileSync(path, 'utf8').split('\n').slice(0, -1)
    return texts.map((text): unknown => JSON.parse(text))
  }
  const lines = () => {
    log.flush()
    return written()
  }
  return { log, written, lines, text: () => readFileSync(path, 'utf8') }
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

describe('a log of JSON', () => {
  it('has a line a record, with level, time and message around its fields', async () => {
    const { log, lines } = logOf('info')
    log.write('info', {}, 'without fields')
    log.write('warn', { text: 'a "b"\n\u2028', list: [1, null], left: undefined }, 'of "two"\nlines')
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    await expect.poll(lines).toEqual([
      { level: 'info', time, msg: 'without fields' },
      { level: 'warn', time, text: 'a "b"\n\u2028', list: [1, null], msg: 'of "two"\nlines' },
    ])
  })

  it('that is appended to a file goes on at its beginning where that is copied and cut', async () => {
    const path = tempFile()
    const fd = openSync(path, 'a')
    open.push(fd)
    const log = jsonLog('info', fd)
    const messages = (file: string) => {
      log.flush()
      const texts = readFileSync(file, 'utf8').split('\n').slice(0, -1)
      return texts.map((text) => (JSON.parse(text) as { msg: string }).msg)
    }
    log.write('info', {}, 'before')
    await expect.poll(() => messages(path)).toEqual(['before'])
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
    log.write('info', {}, 'after')
    await expect.poll(() => messages(path)).toEqual(['after'])
    expect(messages(`${path}.1`)).toEqual(['before'])
  })

  it('has nothing that a terminal acts on, or that somebody else takes for the end of a line', async () => {
    const { log, lines, text } = logOf('info')
    const session = 'a\u009b2Jb\u0085{"level":"error"}\u2028c\u202ed\u007f\ue000\u{e0041}\ud800 é 漢 👍'
    log.write('warn', { session, [session]: 1 }, session)
    await expect.poll(lines).toMatchObject([{ session, [session]: 1, msg: session }])
    expect(text()).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+\n$/u)
    expect(text()).toContain(' é 漢 👍')
  })

  it.each([...LEVELS, 'silent'] as const)('of level %s leaves out what is below it', async (level) => {
    const { log, lines } = logOf(level)
    for (const each of LEVELS) log.write(each, {}, each)
    const from = level === 'silent' ? LEVELS.length : LEVELS.indexOf(level)
    log.setLevel('debug')
    log.write('debug', {}, 'end')
    const rest = LEVELS.slice(from).map((msg) => ({ level: msg, msg }))
    await expect.poll(lines).toMatchObject([...rest, { msg: 'end' }])
  })

  it('takes another level while it runs', async () => {
    const { log, lines } = logOf('error')
    log.write('info', {}, 'before')
    log.setLevel('info')
    log.write('info', {}, 'after')
    log.setLevel('silent')
    log.write('error', {}, 'never')
    await expect.poll(lines).toMatchObject([{ msg: 'after' }])
  })

  it('keeps the order of lines, also of those that are too many to wait', async () => {
    const { log, written } = logOf('debug')
    for (let i = 0; i < 1000; i++) log.write('debug', { i, text: 'x'.repeat(100) }, 'm')
    const all = Array.from({ length: 1000 }, (_, i) => ({ i }))
    await expect.poll(written, { timeout: 5000 }).toMatchObject(all)
  })

  it('never throws: of fields that have no JSON the message is written', async () => {
    const circular: Record<string, unknown> = { n: 1 }
    circular.self = circular
    const { log, lines } = logOf('info')
    log.write('error', { big: 1n }, 'one')
    log.write('error', circular, 'two')
    log.write('error', { n: 1 }, 'three')
    await expect.poll(lines).toMatchObject([{ msg: 'one' }, { msg: 'two' }, { msg: 'three', n: 1 }])
  })

  it('closes with every line whole where its reader is behind, and writes none after that', async () => {
    const [pipe, file] = [tempFile(), tempFile()]
    execFileSync('mkfifo', [pipe])
    const reader = spawn('sh', ['-c', `exec 3<'${pipe}'; sleep 1; cat <&3 >'${file}'`])
    const ended = new Promise((resolve) => reader.once('exit', resolve))
    const log = jsonLog('info', openSync(pipe, 'w'))
    // More than a pipe holds: a write is under way when it ends.
    for (let i = 0; i < 3000; i++) {
      log.write('info', { i, text: 'x'.repeat(100) }, 'm')
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await log.close()
    log.write('error', {}, 'too late')
    log.flush()
    await ended
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    expect(lines.map((line): unknown => JSON.parse(line).i)).toEqual(
      Array.from({ length: 3000 }, (_, i) => i),
    )
  })
})
