import { expect, it } from 'vitest'
import { ParetoBanditError } from '../../../src/base/errors.js'
import { storeFailureLog } from '../../../src/gateway/logs/store-failures.js'

it('a store that fails is told once a minute for each reason, also where it has worked in between', () => {
  const told: unknown[] = []
  let now = 0
  const { failed } = storeFailureLog(
    (_level, { error }) => told.push(error),
    () => now,
  )
  const full = (script: string, line: number) =>
    `stream gw: OOM command not allowed. script: ${script.repeat(40)}, on @user_script:${line}.`
  for (now = 0; now < 59_000; now += 500) failed(null, now % 1000 === 0 ? full('a', 1) : full('b', 22))
  expect(told).toEqual([full('a', 1)])
  now = 60_000
  failed(null, full('b', 22))
  failed(null, 'connect ECONNREFUSED')
  failed(null, 'connect ECONNREFUSED')
  expect(told.slice(1)).toEqual([full('b', 22), 'connect ECONNREFUSED'])
  // The next outage, of the same reason.
  now = 600_000
  failed(null, 'connect ECONNREFUSED')
  expect(told).toHaveLength(4)
})

it('two reasons that take turns are told once a minute each', () => {
  const told: unknown[] = []
  let now = 0
  const { failed } = storeFailureLog(
    (_level, { error }) => told.push(error),
    () => now,
  )
  const reasons = ['connect ECONNREFUSED', 'Connection is closed.']
  for (now = 0; now < 60_000; now += 100) failed(null, reasons[(now / 100) % 2])
  expect(told).toEqual(reasons)
  for (; now < 120_000; now += 100) failed(null, reasons[(now / 100) % 2])
  expect(told).toEqual([...reasons, ...reasons])
})

it('a store that works again is told once, with how long it was gone, and nothing of an outage that had no line', () => {
  const told: unknown[] = []
  let now = 0
  const { failed, works } = storeFailureLog(
    (level, fields, message) => told.push([level, message, fields]),
    () => now,
  )
  works(50)
  failed(null, 'connect ECONNREFUSED')
  failed(null, 'connect ETIMEDOUT')
  works(1234.5)
  works(2)
  const back = ['warn', 'the store works again', { goneMs: 1235 }]
  expect(told.slice(2)).toEqual([back])
  now = 30_000
  failed(null, 'connect ECONNREFUSED')
  works(10)
  expect(told).toHaveLength(3)
  now = 60_000
  failed(null, 'connect ECONNREFUSED')
  works(30_000)
  expect(told.slice(4)).toEqual([['warn', 'the store works again', { goneMs: 30_000 }]])
})

it('a line says what to do, by the code of the failure', () => {
  const told: unknown[] = []
  const { failed } = storeFailureLog(
    (_level, fields) => told.push(fields),
    () => 0,
  )
  const codes = [
    'STORE_UNREACHABLE',
    'STORE_FULL',
    'STORE_READ_ONLY',
    'STORE_CORRUPT',
    'LOG_VERSION',
    'LOG_TRIMMED',
  ] as const
  for (const code of codes) failed(new ParetoBanditError(code, 'redis', 'with a secret'), `scrubbed ${code}`)
  failed(new Error('of another kind'), 'of another kind')
  expect(told).toEqual([
    ...codes.map((code) => ({
      error: `scrubbed ${code}`,
      code,
      advice: expect.stringMatching(/^[a-z].{10,}/),
    })),
    { error: 'of another kind' },
  ])
})
