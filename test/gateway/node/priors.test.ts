import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultEncoder } from '../../../src/features/default-encoder.js'
import { ConfigError } from '../../../src/gateway/config/config-error.js'
import { fitPriors, type Priors } from '../../../src/index.js'
import { ENV, type Tree } from '../config/example.js'
import { ADMIN, served, servedTree, type TestServer } from './serving.js'

let folder = ''
const open: TestServer[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paretobandit-priors-'))
})
afterEach(stopAll)

async function stopAll(): Promise<void> {
  for (const server of open.splice(0)) {
    server.stop('test')
    await server.ended
  }
}

const MODELS = [
  { id: 'small', upstream: 'up', prices: { inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.4 } },
  { id: 'large', upstream: 'up', prices: { inputUsdPerMTok: 2, outputUsdPerMTok: 8 } },
]

/** Priors of 200 prompts, with the same reward for each of them. */
function priorsOf(rewards: Readonly<Record<string, number>>, more: Partial<Priors> = {}): Priors {
  const rows = Array.from({ length: 200 }, (_, i) => ({
    prompt: `question ${i} about rivers`,
    outcomes: Object.fromEntries(
      Object.entries(rewards).map(([id, reward]) => [id, { reward, costUsd: id === 'large' ? 4e-3 : 2e-4 }]),
    ),
  }))
  return { ...fitPriors(rows, { encoder: defaultEncoder() }), ...more }
}

async function priorsFile(content: unknown): Promise<string> {
  const path = join(folder, 'priors.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const treeWith = (priors: string, more: Tree = {}): Tree =>
  servedTree({ models: MODELS, keys: [{ name: 'c', value: '$SUPPORT_BOT_KEY' }], priors, ...more })

async function started(tree: Tree): Promise<TestServer> {
  const server = await served(tree)
  open.push(server)
  return server
}

/** Where the next requests would go. */
async function chosen(server: TestServer, count = 12): Promise<readonly string[]> {
  const models: string[] = []
  for (let i = 0; i < count; i++) {
    const response = await fetch(`${server.url}/v1/route`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ENV.SUPPORT_BOT_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: `about rivers ${i}` }] }),
    })
    const { model } = (await response.json()) as { model: string }
    models.push(model)
  }
  return models
}

describe('priors that a config names', () => {
  it.each([
    ['large', { small: 0.1, large: 0.9 }],
    ['small', { small: 0.9, large: 0.9 }],
  ])('decide where the first requests go: to %s', async (best, rewards) => {
    const file = await priorsFile(priorsOf(rewards))
    const server = await started(treeWith(file))
    expect(await chosen(server)).toEqual(Array.from({ length: 12 }, () => best))
    expect(server.lines).toContainEqual({
      level: 'info',
      message: 'models that are new to the log start with priors',
      fields: { file, known: 2, cold: [] },
    })
  })

  it('are for a model that comes later too, and one that they do not know is named', async () => {
    const file = await priorsFile(priorsOf({ small: 0.1, large: 0.9 }))
    const other = { ...MODELS[0], id: 'other' }
    const server = await started(treeWith(file, { models: [MODELS[0], other] }))
    expect(server.lines).toContainEqual({
      level: 'warn',
      message: 'models that are new to the log start with priors',
      fields: { file, known: 1, cold: ['other'] },
    })
    await server.rewrite(treeWith(file))
    await server.reload()
    expect(server.lines.at(-1)).toMatchObject({ message: 'config reloaded' })
    expect(await chosen(server)).toEqual(Array.from({ length: 12 }, () => 'large'))
  })

  it('change nothing of models that the log knows', async () => {
    const store = { kind: 'sqlite', file: join(folder, 'log.db') }
    const first = await started(treeWith(await priorsFile(priorsOf({ small: 0.9, large: 0.1 })), { store }))
    expect(await chosen(first, 5)).toEqual(Array.from({ length: 5 }, () => 'small'))
    await stopAll()
    const again = await started(treeWith(await priorsFile(priorsOf({ small: 0.1, large: 0.9 })), { store }))
    expect(await chosen(again, 5)).toEqual(Array.from({ length: 5 }, () => 'small'))
    await stopAll()
    // Nor does a start without any.
    const without = await started(servedTree({ ...treeWith(''), priors: null, store }))
    expect(await chosen(without, 5)).toEqual(Array.from({ length: 5 }, () => 'small'))
  })

  it('wait for a restart where another file is named', async () => {
    const server = await started(treeWith(await priorsFile(priorsOf({ small: 0.1, large: 0.9 }))))
    await server.rewrite(servedTree({ ...treeWith(''), priors: null }))
    await server.reload()
    expect(server.lines.at(-2)).toMatchObject({ level: 'warn', fields: { paths: ['priors'] } })
    await server.rewrite(treeWith(join(folder, 'gone.json')))
    await server.reload()
    expect(server.lines.at(-1)?.fields).toEqual({
      mistakes: [expect.stringMatching(/: priors: cannot be read: ENOENT.*gone\.json/)],
    })
    expect(await chosen(server, 3)).toEqual(['large', 'large', 'large'])
    const shown = await fetch(`${server.url}/admin/models`, { headers: ADMIN })
    expect(shown.status).toBe(200)
  })

  it.each([
    ['that is no JSON', '{', /priors\.json: expected JSON, as 'paretobandit fit-priors' writes it/],
    ['of another format', { format: 'x' }, /priors\.json: priors\.format: expected "paretobandit-priors"/],
    ['that is a list', [], /priors\.json: priors: expected an object/],
    [
      'of other models',
      priorsOf({ 'gpt-4o': 1 }),
      /priors\.json: priors\.models: expected one at least of small, large, got gpt-4o$/m,
    ],
    [
      'of another encoder',
      priorsOf({ small: 1 }, { encoder: 'minilm' }),
      /priors\.json: priors: were fitted on contexts of encoder 'minilm', this router has /,
    ],
    [
      'of another dimension',
      fitPriors([{ context: [1, 0], outcomes: { small: { reward: 1 } } }], { dimension: 2 }),
      /priors\.json: priors\.dimension: expected 26, got 2/,
    ],
    ['that is not UTF-8', Buffer.from('{"caf\u00e9": 1}', 'latin1'), /0xe9, not UTF-8/],
  ])('in a file %s keep a server from starting', async (_, content, message) => {
    const path = join(folder, 'priors.json')
    await writeFile(
      path,
      Buffer.isBuffer(content) || typeof content === 'string' ? content : JSON.stringify(content),
    )
    const error = await served(treeWith(path)).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConfigError)
    if (!(error instanceof ConfigError)) return
    expect(error.message).toMatch(message)
    expect(error.mistakes).toMatchObject([{ path: ['priors'], place: { line: 1 } }])
  })

  it('may be no folder', async () => {
    await expect(served(treeWith(folder))).rejects.toThrow(/priors: .*expected a file, it is a folder/)
  })
})
