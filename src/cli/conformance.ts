import type { Command } from 'commander'
import { ParetoBanditError } from '../base/errors.js'
import { KERNEL_NAMES, type KernelName } from '../kernel/kernel.js'
import { loadKernel } from '../kernel/load.js'
import { QUANTITIES, TOLERANCE } from './conformance/deviation.js'
import { type Comparison, compareTrajectory } from './conformance/play.js'
import { type FileResult, renderFile, renderSummary } from './conformance/report.js'
import { readTrajectory } from './conformance/trajectory.js'
import { EXIT_FAILED } from './exit.js'
import { readJsonFile } from './files.js'
import { wordFlag } from './flags.js'
import { writeOutput } from './line-sink.js'
import { checkOutputs } from './outputs.js'
import { print } from './print.js'

interface ConformanceFlags {
  readonly kernel?: KernelName
  readonly json?: string
}

const HELP = `
Replays recorded runs of the published implementation and compares, step by step, the model chosen (exactly), its
score, the shadow price and the running mean cost, and at the end the statistics of every model. A deviation is
relative, or absolute below 1; the largest of each quantity is printed. Exits 1 when a model differs or a deviation
is over ${TOLERANCE}.

Example:
  $ paretobandit conformance test/golden/*.json`

export function registerConformance(program: Command): void {
  program
    .command('conformance')
    .description('compare with recorded runs of the published implementation')
    .argument('<files...>', 'recorded trajectories, JSON')
    .option(
      '--kernel <name>',
      `only this kernel: ${KERNEL_NAMES.join(', ')} (default: all that run here)`,
      wordFlag(KERNEL_NAMES),
    )
    .option('--json <file>', 'write the figures to a file')
    .addHelpText('after', HELP)
    .action(conformance)
}

async function conformance(files: readonly string[], flags: ConformanceFlags): Promise<void> {
  await checkOutputs([flags.json], files)
  const trajectories = []
  for (const file of files)
    trajectories.push({ file, trajectory: readTrajectory(await readJsonFile(file), file) })
  const skipped: string[] = []
  const kernels = flags.kernel === undefined ? await runnableKernels(skipped) : [flags.kernel]
  const results: FileResult[] = []
  for (const { file, trajectory } of trajectories) {
    const comparisons: Comparison[] = []
    for (const kernel of kernels) comparisons.push(await compareTrajectory(trajectory, kernel, file))
    const result = { file, trajectory, comparisons }
    results.push(result)
    print(`${renderFile(result)}\n`)
  }
  print(skipped.join('') + renderSummary(results))
  if (flags.json !== undefined) await writeOutput(flags.json, toJson(results), 'all')
  if (results.some(({ comparisons }) => comparisons.some(({ passed }) => !passed)))
    process.exitCode = EXIT_FAILED
}

/** All kernels but those that cannot run here, of which `skipped` gets a line each. */
async function runnableKernels(skipped: string[]): Promise<KernelName[]> {
  const runnable: KernelName[] = []
  for (const name of KERNEL_NAMES) {
    try {
      await loadKernel(name, { dimension: 1, gamma: 1, lambda0: 1 })
      runnable.push(name)
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || error.code !== 'KERNEL_UNAVAILABLE') throw error
      skipped.push(`skipped: ${error.message}\n`)
    }
  }
  return runnable
}

/** A deviation that is not a number becomes null. */
function toJson(results: readonly FileResult[]): string {
  const files = results.flatMap(({ file, trajectory, comparisons }) =>
    comparisons.map(({ kernel, deviations, mismatch, passed }) => ({
      file,
      name: trajectory.name,
      kernel,
      passed,
      mismatch,
      deviations: Object.fromEntries(QUANTITIES.map((name) => [name, deviations.get(name)?.largest ?? null])),
    })),
  )
  return `${JSON.stringify({ tolerance: TOLERANCE, passed: files.every(({ passed }) => passed), files }, null, 2)}\n`
}
