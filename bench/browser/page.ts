import type { KernelName } from '../../src/kernel/kernel.js'
import { measureRow } from '../bench-row.js'
import { casesOfSize } from '../cases.js'
import { KernelBench } from '../kernel-operations.js'
import type { Operation } from '../measure.js'
import { PlainBench } from '../plain-operations.js'
import { RouterBench } from '../router-operations.js'
import { type BenchReport, type BenchRow, withRatios } from '../row.js'
import { COLUMNS, cells } from '../table.js'
import { coldKernel, teach } from '../taught-arms.js'
import { BROWSER_PACE } from '../workload.js'

declare global {
  interface Window {
    /** Set when the page is done, for who drives it. */
    benchReport?: BenchReport
    benchError?: string
  }
}

type PageCase = ReturnType<typeof casesOfSize>[number]

const KERNELS: readonly KernelName[] = ['js', 'wasm']
const MODELS = [3, 100, 1000]
const DIMENSION = 26
/** Rows that the page leaves out: they are not of a request. */
const LEFT_OUT = ['snapshot', 'rebuild']
const OPTIONS = { timeMs: 250, warmupMs: 150 }

async function run(): Promise<BenchReport> {
  const cases = MODELS.flatMap((models) => casesOfSize([DIMENSION, models], KERNELS)).map(withoutLeftOut)
  const total = cases.reduce((sum, entry) => sum + entry.rows.length, 0)
  const rows: BenchRow[] = []
  for (const entry of cases) {
    say(`${rows.length} of ${total} rows; ${entry.kernel}, ${entry.models} models: setting up`)
    await paint()
    const operationOf = await setUp(entry)
    for (const [i, task] of entry.rows.entries()) {
      say(`${rows.length} of ${total} rows; ${entry.kernel}, ${entry.models} models: ${task.name}`)
      await paint()
      const row = withRatios(measureRow(entry, task, operationOf(i), OPTIONS), rows)
      rows.push(row)
      show(row)
    }
  }
  return { machine: describeBrowser(), rows }
}

function withoutLeftOut<Case extends PageCase>(entry: Case): Case {
  return { ...entry, rows: entry.rows.filter(({ name }) => !LEFT_OUT.includes(name)) }
}

/** @returns the operation of the case's i-th row */
async function setUp(entry: PageCase): Promise<(i: number) => Operation> {
  const { dimension, models } = entry
  if (entry.part === 'plain') {
    const plain = new PlainBench(dimension, models, BROWSER_PACE)
    return (i) => plain[entry.rows[i].name]()
  }
  if (entry.part === 'router') {
    const router = await RouterBench.create(entry.kernel, dimension, models, BROWSER_PACE)
    return (i) => {
      router.checkAllCandidates()
      return router.operation(entry.rows[i].name)
    }
  }
  if (entry.part === 'dollar') {
    const router = await RouterBench.create(entry.kernel, dimension, models, BROWSER_PACE, 'dollar')
    return (i) => {
      router.startPacing()
      return router.operation(entry.rows[i].name)
    }
  }
  if (entry.part === 'encoder') throw new Error('the page has no encoder')
  const kernel = await coldKernel(entry.kernel, dimension, models)
  teach(kernel, models)
  const arms = new KernelBench(kernel, models, BROWSER_PACE)
  return (i) => arms.operation(entry.rows[i])
}

/** Lets the page show what it was told. */
function paint(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}

function say(text: string): void {
  element('progress').textContent = text
}

function show(row: BenchRow): void {
  element('rows').append(tableRow('td', cells(row)))
}

function tableRow(cell: 'td' | 'th', texts: readonly string[]): HTMLTableRowElement {
  const line = document.createElement('tr')
  for (const text of texts) line.append(Object.assign(document.createElement(cell), { textContent: text }))
  return line
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}

/** The browser and how many cores it tells of: pages do not learn the processor. */
function describeBrowser(): string {
  const browser = navigator.userAgent.match(/(?:Firefox|Edg|HeadlessChrome|Chrome|Version)\/[\d.]+/)?.[0]
  const isolated = crossOriginIsolated ? 'isolated page' : 'page that is not isolated: a coarse clock'
  const name = browser?.replace('/', ' ').replace('Version', 'Safari') ?? navigator.userAgent
  return `${name}, ${navigator.hardwareConcurrency} cores, ${isolated}`
}

element('head').append(tableRow('th', COLUMNS))
element('machine').textContent = describeBrowser()
run().then(
  (report) => {
    window.benchReport = report
    say(`done: ${report.rows.length} rows`)
  },
  (error: unknown) => {
    window.benchError = String(error)
    say(`failed: ${String(error)}`)
  },
)
