import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { BenchRow } from './row.js'

const COMPILERS = ['cc', 'gcc', 'clang']
const FLAGS = ['-std=c11', '-O3', '-mavx2', '-mfma']

/** The C program, or why it cannot be built. */
export type Limit = { readonly program: string } | { readonly missing: string }

/** Compiles the program with the first compiler that does. */
export function buildLimit(source: string, program: string): Limit {
  mkdirSync(dirname(program), { recursive: true })
  let reason = 'no C compiler was found'
  for (const compiler of COMPILERS) {
    try {
      execFileSync(compiler, [...FLAGS, source, '-o', program, '-lm'], { stdio: 'pipe', encoding: 'utf8' })
      execFileSync(program, ['1', '1', '1'], { stdio: 'pipe' })
      return { program }
    } catch (error) {
      if (!isMissing(error)) reason = firstLine(error)
    }
  }
  return { missing: `the limit rows: ${reason}` }
}

/** Rows `score` and `feedback` of the limit at a size. */
export async function limitRows(
  program: string,
  dimension: number,
  models: number,
  timeMs: number,
): Promise<BenchRow[]> {
  const { stdout } = await promisify(execFile)(program, [dimension, models, timeMs].map(String))
  return parseLimit(stdout)
}

/** Reads what the program prints: a JSON line a row. */
export function parseLimit(text: string): BenchRow[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const { name, dimension, models, p50Ns, p99Ns } = JSON.parse(line)
    const perMs = name === 'score' ? (models * 1e6) / p50Ns : null
    return { name, kernel: 'limit', dimension, models, p50Ns, p99Ns, perMs }
  })
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function firstLine(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: unknown; readonly message?: unknown }
  const text = String(stderr ?? '').trim() || String(message ?? error)
  return text.split('\n')[0]
}
