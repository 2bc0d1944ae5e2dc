// Does one task in a process of its own: no kernel's compiled code or heap is shared with another's.
import { readFileSync, writeFileSync } from 'node:fs'
import { measureRow } from './bench-row.js'
import type { BenchCase } from './cases.js'
import { encodeOperation } from './encoder-operation.js'
import { heapFacts } from './heap.js'
import { KernelBench } from './kernel-operations.js'
import type { MeasureOptions, Operation } from './measure.js'
import { PlainBench } from './plain-operations.js'
import { RouterBench } from './router-operations.js'
import type { BenchRow } from './row.js'
import { armBlocks, coldKernel, teach } from './taught-arms.js'
import { NODE_PACE } from './workload.js'

export interface RunOptions extends MeasureOptions {
  /** Cycles between two looks at the heap. */
  readonly heapCycles: number
}

/** Measures a case; the arms of part `arms` are in a file. */
export interface MeasureTask {
  readonly kind: 'measure'
  readonly entry: BenchCase
  readonly options: RunOptions
  readonly armsFile: string
}

/** Teaches arms, once for all kernels, and writes them to a file. */
export interface TeachTask {
  readonly kind: 'teach'
  readonly dimension: number
  readonly models: number
  readonly armsFile: string
}

export type WorkerTask = MeasureTask | TeachTask

/** Where the heap is looked at. */
const HEAP_SIZE = { dimension: 26, models: 3 }

async function work(task: WorkerTask): Promise<void> {
  if (task.kind === 'teach') return teachToFile(task)
  const { entry, options } = task
  const report = (row: BenchRow): void => {
    process.send?.(row)
  }
  const row = (each: BenchCase['rows'][number], operation: Operation): void =>
    report(measureRow(entry, each, operation, options))
  if (entry.part === 'router') return measureRouter(entry, options.heapCycles, row)
  if (entry.part === 'dollar') return measureDollar(entry, row)
  if (entry.part === 'encoder') return row(entry.rows[0], encodeOperation())
  if (entry.part === 'plain') {
    const plain = new PlainBench(entry.dimension, entry.models, NODE_PACE)
    for (const each of entry.rows) row(each, plain[each.name]())
    return
  }
  const arms = await armsFromFile(entry, task.armsFile)
  for (const each of entry.rows) row(each, arms.operation(each))
}

type Report = (each: BenchCase['rows'][number], operation: Operation) => void

async function measureRouter(
  entry: BenchCase & { part: 'router' },
  heapCycles: number,
  row: Report,
): Promise<void> {
  const { kernel, dimension, models } = entry
  const bench = await RouterBench.create(kernel, dimension, models, NODE_PACE)
  for (const each of entry.rows) {
    bench.checkAllCandidates()
    const operation = bench.operation(each.name)
    const watched = each.name === 'cycle' && dimension === HEAP_SIZE.dimension && models === HEAP_SIZE.models
    row(
      each,
      watched ? { ...operation, facts: () => heapFacts(() => bench.oneCycle(), heapCycles) } : operation,
    )
  }
}

async function measureDollar(entry: BenchCase & { part: 'dollar' }, row: Report): Promise<void> {
  const { kernel, dimension, models } = entry
  const bench = await RouterBench.create(kernel, dimension, models, NODE_PACE, 'dollar')
  for (const each of entry.rows) {
    bench.startPacing()
    row(each, bench.operation(each.name))
  }
}

async function teachToFile({ dimension, models, armsFile }: TeachTask): Promise<void> {
  const kernel = await coldKernel('wasm', dimension, models)
  teach(kernel, models)
  const { buffer, byteOffset, byteLength } = armBlocks(kernel)
  writeFileSync(armsFile, new Uint8Array(buffer, byteOffset, byteLength))
}

async function armsFromFile(entry: BenchCase & { part: 'arms' }, armsFile: string): Promise<KernelBench> {
  const { kernel: name, dimension, models } = entry
  const kernel = await coldKernel(name, dimension, models)
  const bytes = readFileSync(armsFile)
  armBlocks(kernel).set(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8))
  return new KernelBench(kernel, models, NODE_PACE)
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
