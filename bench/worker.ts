// Measures one case in a process of its own: no kernel's compiled code or heap is shared with another's.
import { defaultEncoder } from '../src/features/default-encoder.js'
import type { BenchCase, RowName } from './cases.js'
import { makeKernel, PlainBench, rebuildOperation, scoreOperation } from './kernel-operations.js'
import { type MeasureOptions, measure, type Operation } from './measure.js'
import { RouterBench } from './router-operations.js'
import type { BenchRow } from './table.js'
import { makeTexts } from './workload.js'

export interface WorkerTask {
  readonly entry: BenchCase
  readonly options: MeasureOptions
}

async function work({ entry, options }: WorkerTask): Promise<void> {
  const { kernel, dimension, models } = entry
  const operationOf = await setUp(entry)
  for (const name of entry.rows) {
    const { p50Ns, p99Ns } = measure(await operationOf(name), options)
    const scores = name === 'route' || name === 'score'
    const row: BenchRow = {
      name,
      kernel,
      dimension,
      models,
      p50Ns,
      p99Ns,
      perMs: scores ? (models * 1e6) / p50Ns : null,
    }
    process.send?.(row)
  }
}

async function setUp({
  kernel,
  dimension,
  models,
  rows,
}: BenchCase): Promise<(name: RowName) => Promise<Operation>> {
  if (kernel === 'plain') {
    const plain = new PlainBench(dimension, models)
    return async (name) => (name === 'score' ? plain.score() : plain.feedback())
  }
  const needsRouter = rows.some((name) => name === 'route' || name === 'feedback' || name === 'snapshot')
  const router = needsRouter ? await RouterBench.create(kernel, dimension, models) : null
  return async (name) => {
    if (name === 'score') return scoreOperation(await makeKernel(kernel, dimension, models), models)
    if (name === 'rebuild') return rebuildOperation(await makeKernel(kernel, dimension, models))
    if (name === 'encode') return encodeOperation()
    if (router === null) throw new Error(`row '${name}' has no router`)
    router.checkAllCandidates()
    return router[name]()
  }
}

/** The default encoder on 512 distinct prompts of 1,024 characters. */
function encodeOperation(): Operation {
  const encoder = defaultEncoder()
  const texts = makeTexts(512, 2)
  const out = new Float64Array(encoder.dimension)
  const batch = 8
  let count = 0
  return {
    batch,
    run: () => {
      let sum = 0
      for (let i = 0; i < batch; i++) {
        encoder.encodeInto(texts[count++ % texts.length], out, 0)
        sum += out[0]
      }
      return sum
    },
  }
}

process.once('message', (task: WorkerTask) => {
  work(task).then(
    () => process.disconnect(),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
