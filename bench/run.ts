import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type BenchCase, benchSizes, casesOfSize, ENCODER_CASE, selectCases, skippedRows } from './cases.js'
import { type BenchFlags, FlagError, parseFlags } from './flags.js'
import { findKernels } from './kernels.js'
import { buildLimit, limitRows } from './limit.js'
import { describeMachine } from './machine.js'
import { writePerformance } from './report/performance.js'
import { type BenchReport, type BenchRow, withRatios } from './row.js'
import { tableHead, tableLine } from './table.js'
import type { RunOptions, WorkerTask } from './worker.js'

interface Times extends RunOptions {
  readonly limitMs: number
}

const FULL: Times = { timeMs: 200, warmupMs: 100, limitMs: 150, heapCycles: 200_000 }
const QUICK: Times = { timeMs: 40, warmupMs: 150, limitMs: 40, heapCycles: 20_000 }

/** Folders as URLs, with a slash at their end. */
export interface Places {
  readonly root: URL
  /** Bundled programs, and what is made while the bench runs. */
  readonly build: URL
}

/** @returns the exit code: 2 for flags that cannot be followed, 1 when a measurement failed */
export async function main(args: readonly string[], places: Places): Promise<number> {
  try {
    const flags = parseFlags(args)
    // Opened first: a run whose result cannot be kept should not start.
    const file = flags.jsonFile === null ? null : await openFile(flags.jsonFile)
    const report = await new Run(flags, places).measure()
    if (file !== null) {
      await file.truncate()
      await file.writeFile(`${JSON.stringify(report, null, 2)}\n`)
      await file.close()
    }
    if (flags.markdown) writePerformance(places.root, { report, browser: null, tenMillion: null })
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    return error instanceof FlagError ? 2 : 1
  }
}

/** One run of the bench: rows are printed as they come. */
class Run {
  private readonly flags: BenchFlags
  private readonly places: Places
  private readonly times: Times
  private readonly rows: BenchRow[] = []

  constructor(flags: BenchFlags, places: Places) {
    this.flags = flags
    this.places = places
    this.times = flags.quick ? QUICK : FULL
  }

  /** @throws FlagError when the filter leaves nothing */
  async measure(): Promise<BenchReport> {
    const { filter, quick } = this.flags
    const { available, missing } = await findKernels()
    const sizes = benchSizes(quick).map((size) => ({
      size,
      cases: selectCases(casesOfSize(size, available), filter),
    }))
    const encoder = selectCases([ENCODER_CASE], filter)
    if (encoder.length === 0 && sizes.every(({ cases }) => cases.length === 0)) {
      throw new FlagError(`--filter: no row matches ${String(filter)}`)
    }
    const limit = buildLimit(this.path('bench/limit.c', this.places.root), this.path('limit'))
    const machine = describeMachine()
    console.log(`${machine}\n\n${tableHead()}`)
    for (const { size, cases } of sizes) {
      if (cases.length === 0) continue
      if ('program' in limit) {
        for (const row of await limitRows(limit.program, ...size, this.times.limitMs)) this.add(row)
      }
      await this.measureSize(size, cases)
    }
    for (const entry of encoder) await this.measureCase(entry)
    const leftOut = [...missing, ...('missing' in limit ? [limit.missing] : [])]
    if (filter === null) leftOut.push(...skippedRows(quick).map(({ label, why }) => `${label}: ${why}`))
    if (leftOut.length > 0) console.log('')
    for (const line of leftOut) console.log(`left out: ${line}`)
    return { machine, rows: this.rows, leftOut }
  }

  private async measureSize(
    [dimension, models]: readonly [dimension: number, models: number],
    cases: readonly BenchCase[],
  ): Promise<void> {
    const armsFile = this.armsFile(dimension, models)
    try {
      if (cases.some(({ part }) => part === 'arms')) {
        await this.work({ kind: 'teach', dimension, models, armsFile })
      }
      for (const entry of cases) await this.measureCase(entry)
    } finally {
      rmSync(armsFile, { force: true })
    }
  }

  private async measureCase(entry: BenchCase): Promise<void> {
    const armsFile = this.armsFile(entry.dimension, entry.models)
    await this.work({ kind: 'measure', entry, options: this.times, armsFile })
  }

  private async work(task: WorkerTask): Promise<void> {
    const execArgv = ['--max-old-space-size=4096', '--expose-gc']
    const child = fork(new URL('worker.mjs', this.places.build), { execArgv })
    child.on('message', (row) => this.add(row as BenchRow))
    child.send(task)
    const [code, signal] = await once(child, 'exit')
    if (code !== 0) throw new Error(`${describe(task)} failed (${signal ?? `exit ${code}`})`)
  }

  private add(row: BenchRow): void {
    const compared = withRatios(row, this.rows)
    this.rows.push(compared)
    console.log(tableLine(compared))
  }

  private armsFile(dimension: number, models: number): string {
    return this.path(`arms-${process.pid}-${dimension}-${models}.f64`)
  }

  private path(name: string, folder = this.places.build): string {
    return fileURLToPath(new URL(name, folder))
  }
}

async function openFile(path: string) {
  try {
    return await open(path, 'a')
  } catch (cause) {
    throw new FlagError(`--json: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function describe(task: WorkerTask): string {
  if (task.kind === 'teach') return `teaching ${task.models} arms at d=${task.dimension}`
  const { kernel, dimension, models } = task.entry
  return `measuring kernel ${kernel}, d=${dimension}, ${models} models`
}
