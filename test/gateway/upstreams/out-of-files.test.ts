import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { connectionErrorOf } from '../../../src/base/unreached.js'
import { isWithoutFiles } from '../../../src/base/without-files.js'
import { failureOfConnection } from '../../../src/gateway/upstreams/failure.js'
import { failureOf } from '../../../src/router/run/call-error.js'

/** A child that hangs ends before its test does. */
const HOW = { encoding: 'utf8', timeout: 30_000 } as const

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
    const { stdout } = spawnSync('sh', ['-c', shell, process.execPath, PROGRAM], HOW)
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
  const fetched = new TypeError('fetch failed', { cause: unknown })
  const ofSdk = Object.assign(new Error('tried again'), { lastError: fetched })
  for (const error of [unknown, fetched, ofSdk]) {
    expect(connectionErrorOf(error, () => isWithoutFiles(open)).isOutOfFiles).toBe(is)
    expect(connectionErrorOf(error, () => isWithoutFiles(() => {})).isOutOfFiles).toBe(false)
  }
  expect(connectionErrorOf(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), () => true).code).toBe(
    'ECONNREFUSED',
  )
})

/** A router whose model is reached by `fetch` under the first name that the process looks up, when there are no more files. */
const COLD = `
  import { openSync, writeSync } from 'node:fs'
  import { createRouter } from '${new URL('../../../dist/index.js', import.meta.url).href}'
  const router = await createRouter({ models: [{ id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }], dimension: 2 })
  await router.run([0, 1], {}, async () => ({ usage: { prompt_tokens: 1, completion_tokens: 1 } }))
  await fetch('http://127.0.0.1:9/').catch(() => {})
  try {
    for (;;) openSync('/dev/null', 'r')
  } catch {}
  let said = ''
  await router.run([0, 1], {}, () => fetch('http://localhost:8099/')).catch(({ message, cause }) => {
    said = message + ': ' + (cause?.cause ?? cause)?.code
  })
  const [{ failed, cancelled }] = router.stats().models
  writeSync(1, JSON.stringify({ said, failed, cancelled }))
`

it.skipIf(process.platform !== 'linux')(
  'nor is a name that is the first to be looked up then, which the system says that nobody knows',
  () => {
    const shell = 'ulimit -n 64; exec "$0" --input-type=module -e "$1"'
    const { stdout, stderr } = spawnSync('sh', ['-c', shell, process.execPath, COLD], HOW)
    expect(JSON.parse(stdout), stderr + stdout).toMatchObject({ failed: 0, cancelled: 1 })
  },
)
