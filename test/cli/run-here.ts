import { Readable } from 'node:stream'
import { format } from 'node:util'
import { vi } from 'vitest'
import { describeFailure } from '../../src/cli/exit.js'
import { runProgram } from '../../src/cli/program.js'

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

let isRunning = false

/**
 * A command as src/cli/main.js runs it, without a process to start: a tenth of the time. What only a process shows (its
 * exit code, that it ends by itself, what several do to one file) is tested with `Folder.spawn`.
 */
export async function runHere(folder: string, args: readonly string[], input: string): Promise<Result> {
  if (isRunning) throw new Error('expected one command at a time in this process: use spawn')
  isRunning = true
  const output = { stdout: '', stderr: '' }
  const { exitCode } = process
  const back = process.cwd()
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk, encoding, done) => {
      output[stream] += String(chunk)
      const written = typeof encoding === 'function' ? encoding : done
      written?.()
      return true
    }),
  )
  const log = vi.spyOn(console, 'log').mockImplementation((...said) => {
    output.stdout += `${format(...said)}\n`
  })
  const stdin = vi.spyOn(process, 'stdin', 'get').mockReturnValue(standardInput(input))
  process.chdir(folder)
  try {
    process.exitCode = undefined
    await runProgram(args)
    return { code: Number(process.exitCode ?? 0), ...output }
  } catch (error) {
    const { exitCode, text } = describeFailure(error)
    return { code: exitCode, stdout: output.stdout, stderr: output.stderr + text }
  } finally {
    process.exitCode = exitCode
    process.chdir(back)
    for (const spy of [...spies, log, stdin]) spy.mockRestore()
    isRunning = false
  }
}

function standardInput(text: string): typeof process.stdin {
  const bytes = text === '' ? [] : [Buffer.from(text)]
  return Object.assign(Readable.from(bytes), { fd: 0 as const }) as typeof process.stdin
}
