import { expect, it, vi } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { MODELS, X } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'

const WAITING = 20_000
const ROWS = WAITING / 1024

/** How often the event loop has its turn while `work` is done by a clock that is always a slice further. */
async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let now = performance.now()
  const immediate = globalThis.setImmediate
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 5))
  const spy = vi.spyOn(globalThis, 'setImmediate').mockImplementation((callback: () => void) => {
    turns++
    return immediate(callback)
  })
  try {
    await work()
  } finally {
    spy.mockRestore()
    clock.mockRestore()
  }
  return turns
}

it.each(['alone', 'a replica'])('a log with many waiting requests opens in slices, %s', async (how) => {
  const log = new SharedLog()
  const alone = memoryStore()
  const open = () =>
    createRouter({
      models: MODELS,
      dimension: 3,
      kernel: 'js',
      caps: [{ usd: 1e6, per: 'day' }],
      store: how === 'alone' ? alone : log.store(),
    })
  const first = await open()
  for (let i = 0; i < WAITING; i += 1000) {
    first.routeMany(Array.from({ length: 1000 }, () => X))
    await first.flush()
  }
  await first.close()
  let second = first
  const turns = await turnsOf(async () => {
    second = await open()
  })
  expect(second.stats().pending.unsettled).toBe(WAITING)
  // A snapshot is checked, taken in and found in three rounds; a replica makes one of its own, and reads that, and counts.
  expect(second.recovery?.fromSnapshot).toBe(true)
  expect(turns).toBeGreaterThan((how === 'alone' ? 3 : 8) * ROWS)
  await second.close()
})
