// How long the event loop of a process stands still: what else it serves waits for as long.

import { readFileSync } from 'node:fs'
import { contextFrom, randomFrom } from '../../chaos/random.mjs'
import { createRouter } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { MODELS, OPTIONS } from './workload.mjs'

const PER_SECOND = 1000
const TICK_MS = 5

/** What the main thread has had of a processor, ms; NaN where the system does not tell. */
function processorMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return Number.NaN
  }
}

/** Turns of the event loop: the longest time between two, and the most that one has had of a processor. */
class Watch {
  #longestMs = 0
  #busiestMs = 0
  #isOn = true

  constructor() {
    let last = performance.now()
    let busy = processorMs()
    const turn = () => {
      const now = performance.now()
      const used = processorMs()
      this.#longestMs = Math.max(this.#longestMs, now - last)
      this.#busiestMs = Math.max(this.#busiestMs, used - busy)
      last = now
      busy = used
      if (this.#isOn) setImmediate(turn)
    }
    setImmediate(turn)
  }

  end() {
    this.#isOn = false
    return { longestMs: this.#longestMs, busiestMs: this.#busiestMs }
  }
}

/**
 * Serves 1,000 requests a second, in ticks of 5 ms, on a router with as many requests waiting as it may have, while
 * snapshots are written.
 * @returns the longest pause, ms, what one has had of a processor at most, and the longest one of an idle loop: on a machine
 *   that does other things all are longer but the second
 */
export async function measureServing({ file, waiting, seconds, snapshotEvents }) {
  const random = randomFrom(8)
  const contexts = Array.from({ length: 512 }, () =>
    Float64Array.from(contextFrom(random, OPTIONS.dimension)),
  )
  const journal = { snapshotEvents, snapshotOnClose: false }
  const router = await createRouter({ ...OPTIONS, models: MODELS, store: sqliteStore(file), journal })
  for (let i = 0; i < waiting; i++) {
    router.route(contexts[i % contexts.length])
    if (i % 4096 === 0) await router.flush()
  }
  await router.flush()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const idle = new Watch()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const idleMs = idle.end().longestMs
  const watch = new Watch()
  const started = performance.now()
  for (let done = 0; done < seconds * PER_SECOND; ) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    const due = Math.min(done + 20, ((performance.now() - started) / 1000) * PER_SECOND)
    for (; done < due; done++) {
      const { id, reservedUsd } = router.route(contexts[done % contexts.length])
      router.settle(id, { costUsd: reservedUsd })
      router.reward(id, random())
    }
  }
  const pauses = watch.end()
  await router.close()
  return { ...pauses, idleMs }
}

/** @returns pauses while a log is opened, ms, and how many events were folded */
export async function measureOpening(file, journal) {
  const watch = new Watch()
  const router = await createRouter({ ...OPTIONS, store: sqliteStore(file), journal })
  const pauses = watch.end()
  const { folded } = router.recovery
  await router.close()
  return { ...pauses, folded }
}
