import { expect, it } from 'vitest'
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
  for (now = 0; now < 59_000; now += 500) failed(now % 1000 === 0 ? full('a', 1) : full('b', 22))
  expect(told).toEqual([full('a', 1)])
  now = 60_000
  failed(full('b', 22))
  failed('connect ECONNREFUSED')
  failed('connect ECONNREFUSED')
  expect(told.slice(1)).toEqual([full('b', 22), 'connect ECONNREFUSED'])
  // The next outage, of the same reason.
  now = 600_000
  failed('connect ECONNREFUSED')
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
  for (now = 0; now < 60_000; now += 100) failed(reasons[(now / 100) % 2])
  expect(told).toEqual(reasons)
  for (; now < 120_000; now += 100) failed(reasons[(now / 100) % 2])
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
  failed('connect ECONNREFUSED')
  failed('connect ETIMEDOUT')
  works(1234.5)
  works(2)
  const back = ['warn', 'the store works again', { goneMs: 1235 }]
  expect(told.slice(2)).toEqual([back])
  now = 30_000
  failed('connect ECONNREFUSED')
  works(10)
  expect(told).toHaveLength(3)
  now = 60_000
  failed('connect ECONNREFUSED')
  works(30_000)
  expect(told.slice(4)).toEqual([['warn', 'the store works again', { goneMs: 30_000 }]])
})
