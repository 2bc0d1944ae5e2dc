import { join } from 'node:path'
import { createRouter } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { DIMENSION, MODELS } from '../models.mjs'
import { contextFrom, shuffle } from '../random.mjs'

const RESTARTS = 8

export const name = 'duplicated, reordered and late feedback'

/** Feedback that comes two or three times, in any order, days late and over restarts, counts once. */
export async function run({ folder, random, short }) {
  let now = Date.UTC(2026, 0, 1)
  const base = {
    dimension: DIMENSION,
    kernel: 'wasm',
    clock: () => now,
    budget: { usdPerRequest: 0.002 },
    pendingTtlMs: 30 * 86_400_000,
  }
  const open = (more = {}) =>
    createRouter({
      ...base,
      ...more,
      store: sqliteStore(join(folder, 'disorder.db')),
      journal: { snapshotEvents: 700 },
    })
  let router = await open({ models: MODELS })
  const requests = short ? 600 : 4000
  const due = []
  const sums = { cost: 0, reward: 0 }
  for (let i = 0; i < requests; i++) {
    const { id } = router.route(contextFrom(random, DIMENSION))
    const [costUsd, reward] = [random() / 1000, Math.round(random() * 100) / 100]
    sums.cost += costUsd
    sums.reward += reward
    for (let times = 1 + Math.floor(3 * random()); times > 0; times--) due.push({ id, costUsd })
    for (let times = 1 + Math.floor(3 * random()); times > 0; times--) due.push({ id, reward })
  }
  shuffle(due, random)
  let refused = 0
  for (const [i, { id, costUsd, reward }] of due.entries()) {
    try {
      const receipt = costUsd === undefined ? router.reward(id, reward) : router.settle(id, { costUsd })
      if (i % 50 === 0) await receipt.durable
    } catch (error) {
      if (!['ALREADY_SETTLED', 'ALREADY_REWARDED', 'REQUEST_CLOSED'].includes(error.code)) throw error
      refused++
    }
    if (i % Math.ceil(due.length / RESTARTS) === 0) {
      now += 86_400_000
      await router.close()
      router = await open()
    }
  }
  const stats = router.stats()
  await router.close()
  const total = (pick) => stats.models.reduce((sum, model) => sum + pick(model), 0)
  const rewards = total(({ rewarded }) => rewarded)
  const reward = total(({ rewarded, meanReward }) => rewarded * (meanReward ?? 0))
  const ok =
    rewards === requests &&
    total(({ settled }) => settled) === requests &&
    refused === due.length - 2 * requests &&
    Math.abs(stats.pacer.spendUsd - sums.cost) < 1e-9 &&
    Math.abs(reward - sums.reward) < 1e-6
  return {
    ok,
    detail: `${requests} requests, ${due.length} pieces of feedback, ${refused} duplicates refused, ${RESTARTS} restarts`,
  }
}
