import { fork } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { type BenchCase, benchCases, selectCases, skippedRows } from './cases.js'
import { FlagError, parseFlags } from './flags.js'
import type { MeasureOptions } from './measure.js'
import { type BenchRow, tableHead, tableLine } from './table.js'
import type { WorkerTask } from './worker.js'

const FULL: MeasureOptions = { timeMs: 500, warmupMs: 200 }
const QUICK: MeasureOptions = { timeMs: 80, warmupMs: 60 }

/** @returns the exit code: 2 for flags that cannot be followed, 1 when a measurement failed */
export async function main(args: readonly string[], worker: URL): Promise<number> {
  try {
    await run(args, worker)
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    return error instanceof FlagError ? 2 : 1
  }
}

async function run(args: readonly string[], worker: URL): Promise<void> {
  const flags = parseFlags(args)
  const cases = selectCases(benchCases(flags.quick), flags.filter)
  if (cases.length === 0) throw new FlagError(`--filter: no row matches ${String(flags.filter)}`)
  // Opened first: a run whose result cannot be kept should not start.
  const file = flags.jsonFile === null ? null : await openFile(flags.jsonFile)

  const machine = describeMachine()
  const rows: BenchRow[] = []
  console.log(`${machine}\n\n${tableHead()}`)
  for (const entry of cases) {
    await runCase(worker, { entry, options: flags.quick ? QUICK : FULL }, (row) => {
      console.log(tableLine(row, rows))
      rows.push(row)
    })
  }
  console.log(
    '\nSamples are means of up to 64 operations, so p99 is that of batches. plain: full-matrix LinUCB alone.',
  )
  if (flags.filter === null) {
    for (const { label, why } of skippedRows(flags.quick)) console.log(`left out: ${label}: ${why}`)
  }
  if (file !== null) {
    await file.truncate()
    await file.writeFile(`${JSON.stringify({ machine, rows }, null, 2)}\n`)
    await file.close()
  }
}

async function openFile(path: string) {
  try {
    return await open(path, 'a')
  } catch (cause) {
    throw new FlagError(`--json: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

async function runCase(worker: URL, task: WorkerTask, onRow: (row: BenchRow) => void): Promise<void> {
  const child = fork(worker, { execArgv: ['--max-old-space-size=4096'] })
  child.on('message', (row) => onRow(row as BenchRow))
  child.send(task)
  const [code, signal] = await once(child, 'exit')
  if (code !== 0) throw new Error(`measuring ${nameOf(task.entry)} failed (${signal ?? `exit ${code}`})`)
}

function nameOf({ kernel, dimension, models }: BenchCase): string {
  return `kernel ${kernel}, d=${dimension}, ${models} models`
}

function describeMachine(): string {
  const [cpu] = cpus()
  const model = cpu === undefined ? 'unknown processor' : cpu.model.trim()
  return `${model}, ${availableParallelism()} cores, ${process.platform} ${process.arch}, Node ${process.version}`
}
