import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { CLIENT_KEY, startGateway, type TestGateway } from './gateway.js'

const run = promisify(execFile)
const DOCS = readFileSync(fileURLToPath(new URL('../../../docs/GATEWAY.md', import.meta.url)), 'utf8')
const SNIPPETS = [...DOCS.matchAll(/^```python\n([\s\S]*?)^```/gm)].map(([, code = '']) => code)
/** Of the packages there are more Pythons than one: `PYTHON=venv/bin/python` names another. */
const PYTHON = process.env.PYTHON ?? 'python3'

function canImport(module: string): boolean {
  try {
    execFileSync(PYTHON, ['-c', `import ${module}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const open: TestGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close()
})

/** What it imports beside Python's own; the standard library: `json`. */
const moduleOf = (code: string) => /^from (openai|anthropic|langchain_openai) /m.exec(code)?.[1] ?? 'json'

describe('the Python of docs/GATEWAY.md', () => {
  it('is there for three clients, and for none', () => {
    expect(SNIPPETS.map(moduleOf)).toEqual(['openai', 'anthropic', 'langchain_openai', 'json'])
  })

  for (const code of SNIPPETS) {
    const module = moduleOf(code)
    const name = module === 'json' ? 'the standard library alone' : module
    it.skipIf(!canImport(module))(`gets answers and rewards them, with ${name}`, async () => {
      const gateway = await startGateway({ tree: { rewards: { windowMs: 0 } } })
      open.push(gateway)
      const values: number[] = []
      gateway.router.on('rewarded', ({ reward }) => void values.push(reward))
      const given = [...code.matchAll(/'value': ([\d.]+)/g)].map(([, value]) => Number(value))
      const here = code.replaceAll('http://127.0.0.1:8787', gateway.url).replace(/\bdemo\b/g, CLIENT_KEY)
      // A proxy of the machine's would be asked for this address.
      const { stdout } = await run(PYTHON, ['-c', here], { env: { ...process.env, NO_PROXY: '127.0.0.1' } })
      expect(stdout.length).toBeGreaterThan(20)
      await gateway.over(given.length)
      await expect.poll(() => values).toEqual(given)
      expect(Math.abs(gateway.bookedUsd() - gateway.upstream.costUsd())).toBeLessThan(1e-9)
      expect(gateway.requests.filter(({ model }) => model !== null).map(({ outcome }) => outcome)).toEqual(
        given.map(() => 'answered'),
      )
      expect(gateway.failures).toEqual([])
    })
  }
})
