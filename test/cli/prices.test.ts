import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createRouter } from '../../src/index.js'
import { LITELLM, MODELS_DEV } from '../prices/lists.js'
import { BIN, Folder } from './support.js'

const folder = new Folder()
const NOVA = 'amazon.nova-2-lite-v1:0'
const MODELS = [
  { id: 'large', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10, cachedInputUsdPerMTok: 0.125 },
  { id: 'openai/gpt-5-nano', inputUsdPerMTok: 0.05, outputUsdPerMTok: 0.4, cachedInputUsdPerMTok: 0.005 },
]
const AS = ['--as', 'large=openai/gpt-5']

async function files(): Promise<void> {
  await folder.write('list.json', MODELS_DEV)
  await folder.write('litellm.json', LITELLM)
  await folder.write('models.json', { models: MODELS })
}

describe('prices import', () => {
  test('shows what a list would change, with its source and the time', async () => {
    await files()
    const said = await folder.spawnOk(['prices', 'import', 'list.json', '--models', 'models.json', ...AS])
    const lines = said.split('\n')
    expect(lines[0]).toMatch(
      /^list\.json \(models\.dev\), read \d{4}-\d\d-\d\dT[\d:.]+Z; USD per million tokens$/,
    )
    expect(lines.slice(2)).toEqual([
      'model  price  above tokens  before  after  times',
      'large  input                   2.5   1.25    0.5',
      '',
    ])
  })

  test('writes no prices of one token, which readers of the file would refuse', async () => {
    await folder.write('token.json', {
      models: [{ id: 'm', inputUsdPerMTok: 0.000002, outputUsdPerMTok: 0.00001 }],
    })
    const args = [
      'prices',
      'import',
      'token.json',
      '--as',
      'x=m',
      '--accept',
      'x',
      '--write',
      'per-token.json',
    ]
    await folder.refused(args, /x\.inputUsdPerMTok: .*if that is the price of one token, write 2/)
    expect(existsSync(`${folder.path}/per-token.json`)).toBe(false)
  })

  test('writes a models file that replay, a router and the command itself can read', async () => {
    await files()
    const args = [
      'prices',
      'import',
      'list.json',
      '--models',
      'models.json',
      ...AS,
      '--as',
      'pro=gemini-2.5-pro',
    ]
    const said = await folder.ok([...args, '--write', 'new.json'])
    expect(said).toContain('pro: it is google/gemini-2.5-pro in the list\n')
    expect(said).toContain('new.json: 3 models written\n')
    const file = JSON.parse(String(await folder.read('new.json')))
    expect(file).toMatchObject({ source: 'list.json', format: 'models.dev', readAt: expect.any(String) })
    const router = await createRouter<string>({ models: file.models })
    expect(router.stats().models.map(({ id, inputUsdPerMTok }) => [id, inputUsdPerMTok])).toEqual([
      ['large', 1.25],
      ['openai/gpt-5-nano', 0.05],
      ['pro', 1.25],
    ])
    await router.close()
    const again = await folder.ok(['prices', 'import', 'new.json', '--models', 'new.json'])
    expect(again).toContain('new.json (paretobandit)')
    expect(again).toContain('no price differs from those in force\n')
    const outcome = { reward: 1, costUsd: 0.001 }
    const ids = ['large', 'openai/gpt-5-nano', 'pro']
    const row = { id: '1', prompt: 'hello', outcomes: Object.fromEntries(ids.map((id) => [id, outcome])) }
    await folder.write(
      'log.jsonl',
      Array.from({ length: 20 }, (_, i) => JSON.stringify({ ...row, id: `${i}` })).join('\n'),
    )
    const replay = [
      'replay',
      '--data',
      'log.jsonl',
      '--models',
      'new.json',
      '--seeds',
      '1',
      '--features',
      'encode',
    ]
    expect(await folder.ok(replay)).toContain('pro')
  })

  test('as JSON has everything', async () => {
    await files()
    const args = ['prices', 'import', 'litellm.json', '--as', `m=embed-english-v3.0`, '--json']
    const { models, differences, notes, format, source, readAt } = JSON.parse(await folder.ok(args))
    expect({ models, format, source }).toEqual({
      models: [{ id: 'm', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0 }],
      format: 'litellm',
      source: 'litellm.json',
    })
    expect(differences).toHaveLength(4)
    expect(notes).toEqual([{ model: 'm', message: expect.stringContaining('input_cost_per_image (0.0001)') }])
    expect(Date.parse(readAt)).toBeGreaterThan(0)
  })

  test('refuses a price 1,000 times off where nobody can be asked, and takes it where that is said', async () => {
    await files()
    const wrong = { ...LITELLM, [NOVA]: { ...LITELLM[NOVA], output_cost_per_token: 2.5e-3 } }
    await folder.write('wrong.json', wrong)
    await folder.write('in-force.json', [{ id: 'm', inputUsdPerMTok: 0.3, outputUsdPerMTok: 2.5 }])
    const args = [
      'prices',
      'import',
      'wrong.json',
      '--models',
      'in-force.json',
      '--as',
      `m=${NOVA}`,
      '--write',
      'out.json',
    ]
    await folder.spawnRefused(
      args,
      /wrong\.json: m \(.*\): outputUsdPerMTok is 2500, 1000 times the 2\.5 in force; if that is meant: --accept m\n/,
    )
    expect(existsSync(`${folder.path}/out.json`)).toBe(false)
    const said = await folder.spawnOk([...args, '--accept', 'm'])
    expect(said).toMatch(/m +output +2\.5 +2500 +1000\n/)
    expect(said).toContain('m: accepted: outputUsdPerMTok is 2500')
    expect(JSON.parse(String(await folder.read('out.json'))).models[0].outputUsdPerMTok).toBe(2500)
  })

  test('asks on a terminal', async () => {
    await files()
    await folder.write('in-force.json', [{ id: 'm', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0 }])
    const args = [
      'prices',
      'import',
      'litellm.json',
      '--as',
      'm=embed-multilingual-light-v3.0',
      '--write',
      'out.json',
    ]
    const no = await onTerminal(folder.path, args, 'n\n')
    if (no === null) return
    expect(no).toContain('Is that meant? [y/N]')
    expect(no).toContain('m (embed-multilingual-light-v3.0): inputUsdPerMTok is 100, 1000 times')
    expect(existsSync(`${folder.path}/out.json`)).toBe(false)
    expect(await onTerminal(folder.path, args, 'y\n')).toContain('out.json: 1 model written')
  }, 30_000)

  test('overwrites neither the list nor the models', async () => {
    await files()
    const args = ['prices', 'import', 'list.json', '--models', 'models.json', ...AS, '--write']
    for (const file of ['list.json', 'models.json', './list.json'])
      await folder.refused([...args, file], /is read|reads it|read/)
    expect(JSON.parse(String(await folder.read('models.json')))).toEqual({ models: MODELS })
    expect(JSON.parse(String(await folder.read('list.json')))).toEqual(MODELS_DEV)
  })

  test('reads from a URL, and shows no secret of it', async () => {
    await files()
    const http = createServer(({ url }, response) => {
      if (url === '/api.json?key=s3cret') response.end(JSON.stringify(MODELS_DEV))
      else response.writeHead(403).end()
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    try {
      const said = await folder.spawnOk([
        'prices',
        'import',
        `${address}/api.json?key=s3cret`,
        '--as',
        'm=gpt-5-nano',
      ])
      expect(said).toContain('/api.json?… (models.dev)')
      await folder.spawnRefused(
        ['prices', 'import', `${address}/x?key=s3cret`, '--as', 'm=m'],
        /\/x\?…: expected 200, got 403/,
      )
    } finally {
      await new Promise((resolve) => http.close(resolve))
    }
  })

  test('tells of a model of --as that --models has not', async () => {
    await files()
    const one = { inputUsdPerMTok: 0.05, outputUsdPerMTok: 0.4 }
    await folder.write('in-force.json', [{ id: 'small', ...one }])
    await folder.write('gpt.json', [{ id: 'gpt-5-nano', ...one }])
    const of = (list: string, ...args: string[]) => [
      'prices',
      'import',
      list,
      '--models',
      'in-force.json',
      ...args,
    ]
    await folder.refused(
      of('list.json', '--as', 'smal=gpt-5-nano'),
      /small: the list has no such name.*; --as smal=… names no model of --models/,
    )
    await folder.refused(of('gpt.json'), /small: the list has no such name.*: --as small=NAME/)
    await folder.write('both.json', [
      { id: 'small', ...one },
      { id: 'gpt', ...one },
    ])
    const said = await folder.ok(of('both.json', '--as', 'smal=gpt'))
    expect(said).toContain("smal: it is new, as --models has no such model; did you mean 'small'?")
    expect(await folder.ok(of('both.json', '--as', 'other=gpt'))).not.toContain('did you mean')
  })

  test('refuses bad usage in one line', async () => {
    await files()
    const of = (...args: string[]) => ['prices', 'import', 'list.json', ...args]
    await folder.refused(of(), /expected --models FILE, or --as ID=NAME/)
    await folder.refused(of('--as', 'large'), /Expected ID=NAME/)
    await folder.refused(of('--as', 'a=b', '--as', 'a=c'), /Expected 'a' once/)
    await folder.refused(of('--as', 'a=gpt-5'), /several: openai\/gpt-5, azure\/gpt-5/)
    await folder.refused(of('--as', 'a=gpt-5-nono'), /no such name; near are openai\/gpt-5-nano/)
    await folder.refused(of(...AS, '--format', 'litelm'), /Did you mean litellm\?/)
    await folder.refused(
      of(...AS, '--format', 'openrouter'),
      /expected OpenRouter's \/models, got models\.dev's/,
    )
    await folder.refused(of(...AS, '--service', 'x'), /Expected one of standard/)
    await folder.refused(of(...AS, '--unpriced', 'x'), /Expected one of refuse/)
    await folder.refused(of(...AS, '--accept', 'x'), /accept: expected ids of models \(large\), got "x"/)
    await folder.refused(of('--models', 'gone.json'), /gone\.json: cannot read it/)
    await folder.refused(
      ['prices', 'import', 'gone.json', ...AS],
      /gone\.json: it cannot be read: no such file/,
    )
    await folder.refused(['prices', 'import', 'http://example.com/', ...AS], /expected https/)
    await folder.refused(
      of('--as', 'c=anthropic/claude-sonnet-4-5'),
      /no price of cacheWrite1h.*: --unpriced dearest takes the model all the same/,
    )
    const said = await folder.ok(of('--as', 'c=anthropic/claude-sonnet-4-5', '--unpriced', 'dearest'))
    expect(said).toContain('c: the list has no price of cacheWrite1h: charged as the dearest of its side')
  })
})

/** Runs the bin on a terminal of its own, by Python's pty. @returns what stood on it; null where there is no Python */
function onTerminal(cwd: string, args: readonly string[], input: string): Promise<string | null> {
  const program = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', program, process.execPath, BIN, ...args], { cwd })
    let text = ''
    let isAnswered = false
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (isAnswered || !text.includes('[y/N]')) return
      isAnswered = true
      child.stdin.write(input)
    })
    child.stdin.on('error', () => {})
    child.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(null) : reject(error),
    )
    child.on('close', () => resolve(text))
  })
}
