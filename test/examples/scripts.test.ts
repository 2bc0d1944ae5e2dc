import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from '../../src/gateway/node/simulated/upstream.js'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))

let upstream: Upstream
beforeAll(async () => {
  upstream = await startUpstream()
})
afterAll(() => upstream.close())

/** Runs one as its reader would, before a provider of ours. */
function run(file: string): Promise<string> {
  const child = spawn(process.execPath, [EXAMPLES + file], {
    env: {
      ...process.env,
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: upstream.baseUrl,
      SMALL_MODEL: 'sim-small',
      LARGE_MODEL: 'sim-large',
      AI_SDK_LOG_WARNINGS: 'false',
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return new Promise((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(new Error(output))))
  })
}

describe('the examples', () => {
  it.each(['plain.mjs', 'openai.mjs', 'ai-sdk.mjs', 'langchain.mjs'])(
    '%s routes, is answered, books what it cost and gives a reward',
    async (file) => {
      const before = upstream.entries.length
      const output = await run(file)
      expect(upstream.entries).toHaveLength(before + 1)
      const { ended, isUsageSent } = upstream.entries[before]
      expect({ ended, isUsageSent }).toEqual({ ended: 'answered', isUsageSent: true })
      const [, spent] = /spent \$([\d.e-]+)\s*$/.exec(output) ?? []
      expect(Number(spent)).toBeGreaterThan(0)
      expect(output.replace(/spent.*/, '').trim().length).toBeGreaterThan(10)
    },
  )
})
