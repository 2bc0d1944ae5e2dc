import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeFailure } from '../../src/cli/exit.js'
import { registerRoute } from '../../src/cli/route.js'
import { registerSettle } from '../../src/cli/settle.js'
import { MODELS } from './helpers.js'

let folder = ''
const path = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'route-'))
  writeFileSync(path('models.json'), JSON.stringify({ models: MODELS }))
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

/** What a command prints; it throws what `describeFailure` makes into an exit code. */
async function run(...args: string[]): Promise<string> {
  const program = new Command('paretobandit').configureOutput({ writeErr: () => {}, outputError: () => {} })
  program.exitOverride()
  registerRoute(program)
  registerSettle(program)
  let printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk)
    return true
  })
  try {
    await program.parseAsync(['node', 'paretobandit', ...args])
    return printed
  } finally {
    vi.restoreAllMocks()
  }
}

async function routed(...args: string[]): Promise<{ id: string; model: string }> {
  return JSON.parse(await run('route', 'Why?', '--state', path('router.state'), '--json', ...args))
}

describe('route --max-latency', () => {
  it('leaves out models that have been slower, and keeps those never timed', async () => {
    const first = await routed('--models', path('models.json'), '--candidates', 'cheap')
    expect(first.model).toBe('cheap')
    await run('settle', first.id, '--cost', '0.0001', '--latency-ms', '900', '--state', path('router.state'))
    const only = ['--candidates', 'cheap', '--candidates', 'dear']
    expect((await routed('--max-latency', '899', ...only)).model).toBe('dear')
    expect((await routed('--max-latency', '900', '--candidates', 'cheap')).model).toBe('cheap')
    const refused = await routed('--max-latency', '899', '--candidates', 'cheap').catch(describeFailure)
    expect(refused).toMatchObject({
      exitCode: 2,
      text: expect.stringContaining('no model may take this request'),
    })
  })

  it.each(['-1', 'soon', '1e999'])('refuses %s', async (text) => {
    const refused = await routed('--models', path('models.json'), '--max-latency', text).catch(
      describeFailure,
    )
    expect(refused).toMatchObject({ exitCode: 2, text: expect.stringContaining('--max-latency') })
  })
})
