import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { isWithoutFiles } from '../../../src/gateway/node/without-files.js'
import { failureOfConnection } from '../../../src/gateway/upstreams/failure.js'
import { failureOf } from '../../../src/router/run/call-error.js'

/** Looks up a name once, opens files until it gets no more, and tells what `fetch` throws then. */
const PROGRAM = `
  import { lookup } from 'node:dns/promises'
  import { openSync, writeSync } from 'node:fs'
  await lookup('localhost')
  try {
    for (;;) openSync('/dev/null', 'r')
  } catch {}
  for (const host of ['localhost', '127.0.0.1'])
    await fetch('http://' + host + ':8099/').catch(({ message, cause }) => {
      const { code, syscall } = cause
      writeSync(1, JSON.stringify({ message, cause: { code, syscall, message: cause.message } }) + '\\n')
    })
`

it.skipIf(process.platform !== 'linux')(
  'where the system gives no more files, what fetch throws is no fault of a model, by name and by address',
  () => {
    const shell = 'ulimit -n 64; exec "$0" --input-type=module -e "$1"'
    const { stdout } = spawnSync('sh', ['-c', shell, process.execPath, PROGRAM], { encoding: 'utf8' })
    const told = stdout.trim().split('\n')
    expect(told).toHaveLength(2)
    for (const line of told) {
      const { message, cause } = JSON.parse(line)
      const error = new TypeError(message, { cause: Object.assign(new Error(cause.message), cause) })
      expect(failureOf(error, 0), line).toMatchObject({ blames: 'request', mayBeBilled: false })
      expect(failureOfConnection(error), line).toMatchObject({ code: 'gateway_out_of_sockets' })
    }
  },
)

it.each([
  ['EMFILE', true],
  ['ENFILE', true],
  ['ENOENT', false],
  ['EACCES', false],
])('a name that nobody knows is one of no limit, unless no file can be opened for it: %s', (code, is) => {
  const unknown = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
  const open = () => {
    throw Object.assign(new Error(`${code}: open`), { code, syscall: 'open' })
  }
  expect(isWithoutFiles(unknown, open)).toBe(is)
  expect(isWithoutFiles(unknown, () => {})).toBe(false)
})
