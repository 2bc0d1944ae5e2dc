import { describe, expect, it } from 'vitest'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import { simulateWorkload } from '../../src/replay/simulate/workload.js'
import { buildTable, meanCostsUsd } from '../../src/replay/table.js'

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('simulateWorkload', () => {
  const encoder = defaultEncoder()
  const workload = simulateWorkload(encoder)

  it('is the same for the same seed and another for another', () => {
    expect(simulateWorkload(encoder, 5, 40)).toEqual(simulateWorkload(encoder, 5, 40))
    expect(simulateWorkload(encoder, 6, 40)).not.toEqual(simulateWorkload(encoder, 5, 40))
  })

  it('fills every placeholder and hardly repeats a prompt', () => {
    expect(workload.rows.some((row) => /[{}]|undefined/.test(row.prompt))).toBe(false)
    expect(new Set(workload.rows.map((row) => row.prompt)).size).toBeGreaterThan(0.95 * workload.rows.length)
    expect(new Set(workload.rows.map((row) => row.source)).size).toBe(10)
  })

  it('spans about 500x in cost, and pays for it in quality', () => {
    const table = buildTable(workload.rows, workload.models, null, 'simulated')
    const costs = meanCostsUsd(table)
    expect(Math.max(...costs) / Math.min(...costs)).toBeGreaterThan(350)
    expect(Math.max(...costs) / Math.min(...costs)).toBeLessThan(650)
    const rewards = workload.models.map((_, m) =>
      mean(workload.rows.map((__, i) => table.rewards[i * workload.models.length + m])),
    )
    const byCost = costs.map((_, m) => m).sort((a, b) => costs[a] - costs[b])
    const inOrder = byCost.map((m) => rewards[m])
    expect([...inOrder].sort((a, b) => a - b)).toEqual(inOrder)
    expect(inOrder[0]).toBeLessThan(0.78)
    expect(inOrder[3]).toBeGreaterThan(0.92)
  })

  it('makes the best model depend on the topic', () => {
    const best = new Set(
      [...new Set(workload.rows.map((row) => row.source))].map((topic) => {
        const rows = workload.rows.filter((row) => row.source === topic)
        const scores = workload.models.map(({ id }) => mean(rows.map((row) => row.outcomes[id]?.reward ?? 0)))
        return workload.models[scores.indexOf(Math.max(...scores))].id
      }),
    )
    expect(best.size).toBeGreaterThanOrEqual(2)
  })
})
