import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lines, liteLlm, told } from '../evaluate/import-log/logs.js'
import { ENV, EXAMPLE } from '../gateway/config/example.js'
import { Folder } from './support.js'

const folder = new Folder()

/** Runs with the environment that the example names. */
async function withEnv<T>(run: () => Promise<T>): Promise<T> {
  Object.assign(process.env, ENV)
  try {
    return await run()
  } finally {
    for (const name of Object.keys(ENV)) delete process.env[name]
  }
}

describe('check-config', () => {
  test('says what a config would start', async () => {
    await folder.write('gateway.yaml', EXAMPLE)
    expect(await withEnv(() => folder.ok(['check-config', 'gateway.yaml']))).toBe(
      [
        'gateway.yaml: no mistakes',
        '  listens on http://127.0.0.1:8787, state in SQLite: paretobandit.db',
        '  budget $0.004 per request, cap $200 per month (Europe/Berlin)',
        '  4 models on 2 upstreams, groups: everyday 2, coding 2',
        '  2 tenants, 1 key in this file, admin API on',
        '',
      ].join('\n'),
    )
  })

  test('tells every mistake on a line of its own', async () => {
    await folder.write(
      'g.yaml',
      EXAMPLE.replace('port: 8787', 'port: x').replace('small\n', 'small\n    pirces: 1\n'),
    )
    const { code, stdout, stderr } = await withEnv(() => folder.run(['check-config', 'g.yaml']))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.split('\n')).toEqual([
      'g.yaml:6:3: listen.port: expected a whole number from 0 to 65535, got "x"',
      "g.yaml:30:5: models[0].pirces: unknown; did you mean 'prices'?",
      'paretobandit: g.yaml: 2 mistakes',
      '',
    ])
  })

  test('says where prices are from, and what is wrong with a list of them', async () => {
    for (const [refresh, every] of [
      ['30m', '30 minutes'],
      ['90m', '90 minutes'],
      ['6h', '6 hours'],
      ['1d', '1 day'],
      ['2s', '2 seconds'],
    ]) {
      const list = `prices: { source: https://models.dev/api.json, refresh: ${refresh} }`
      await folder.write('g.yaml', `${EXAMPLE}${list}\n`)
      const said = await folder.ok(['check-config', 'g.yaml', '--no-secrets'])
      expect(said).toContain(`  prices from https://models.dev/api.json, read again every ${every}\n`)
    }
    await folder.write('g.yaml', `${EXAMPLE}prices: { source: 'http://models.dev/', refresh: 6 }\n`)
    const { stderr } = await folder.run(['check-config', 'g.yaml', '--no-secrets'])
    expect(stderr).toMatch(/^g\.yaml:\d+:11: prices\.source: expected a path, https/m)
    expect(stderr).toMatch(
      /^g\.yaml:\d+:41: prices\.refresh: expected a number of seconds, .* such as 6h, got 6$/m,
    )
  })

  test('has the priors that docs/GATEWAY.md makes of a log, and says which models they know', async () => {
    const page = await readFile(new URL('../../docs/GATEWAY.md', import.meta.url), 'utf8')
    const commands = [...page.matchAll(/^paretobandit ((?:import-log|fit-priors) .*)$/gm)]
    const log = told(60).map((call) =>
      liteLlm(
        { ...call, model: call.model === 'small' ? 'gpt-4o-mini' : 'gpt-4o' },
        { metadata: { stars: 1 + 4 * call.reward } },
      ),
    )
    await folder.write('spend.jsonl', lines(log))
    const said: string[] = []
    for (const [, args] of commands) said.push(await folder.ok(args.split(' ')))
    expect(said.at(-1)).toContain('priors.json: priors of 2 models from 60 prompts')
    const at = (path: string) => join(folder.path, path)
    await folder.write('g.yaml', `${EXAMPLE}priors: ${at('priors.json')}\n`)
    expect(await folder.ok(['check-config', 'g.yaml', '--no-secrets'])).toMatch(
      /^ {2}priors of 2 of 4 models: .*priors\.json; cold: \S+, \S+$/m,
    )
    await folder.write('g.yaml', `${EXAMPLE}priors: ${at('other.json')}\n`)
    const { code, stderr } = await folder.run(['check-config', 'g.yaml', '--no-secrets'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^g\.yaml:\d+:1: priors: cannot be read: ENOENT/m)
  })

  test('names secrets that are not set, unless it is not to look', async () => {
    await folder.write('g.yaml', EXAMPLE)
    const { code, stderr } = await folder.run(['check-config', 'g.yaml'])
    expect(code).toBe(2)
    expect(stderr).toContain('the environment variable OPENAI_API_KEY is not set')
    expect(stderr).toContain('g.yaml: 4 mistakes')
    expect(await folder.ok(['check-config', 'g.yaml', '--no-secrets'])).toContain('no mistakes')
  })

  test("finds no mistake in the container's config, with the names that its env.example has and no others", async () => {
    const read = (name: string) => readFile(new URL(`../../docker/${name}`, import.meta.url), 'utf8')
    const names = [...(await read('env.example')).matchAll(/^([A-Z_]+)=$/gm)].map(([, name]) => name)
    await folder.write('docker.yaml', await read('gateway.yaml'))
    const unset = await folder.run(['check-config', 'docker.yaml'])
    const wanted = [...unset.stderr.matchAll(/variable ([A-Z_]+) is not set/g)].map(([, name]) => name)
    expect([unset.code, wanted.sort()]).toEqual([2, names.sort()])
    for (const name of names) process.env[name] = `value-of-${name}`
    try {
      const said = await folder.ok(['check-config', 'docker.yaml'])
      expect(said).toContain('docker.yaml: no mistakes')
      expect(said).toContain('state in Redis: redis://valkey:6379')
    } finally {
      for (const name of names) delete process.env[name]
    }
  })

  test('takes the name of a file for what it is, and lets no text act on the terminal', async () => {
    await folder.write('g.yaml', 'upstreams: "\\e[31m\\u202e"\n')
    const { stderr } = await folder.run(['check-config', 'g.yaml'])
    expect(stderr).not.toContain('\u001b')
    expect(stderr).not.toContain('\u202e')
    await folder.refused(['check-config', 'nowhere.yaml'], /nowhere\.yaml: cannot read it: no such file/)
  })

  test('without a file checks the one that serve would take', async () => {
    await folder.refused(['check-config'], /gateway\.yaml: cannot read it: no such file/)
    await folder.write('gateway.yml', EXAMPLE.replace('port: 8787', 'port: x'))
    const { code, stderr } = await withEnv(() => folder.run(['check-config']))
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^gateway\.yml:6:3: listen\.port: /)])
  })

  test('prints the schema', async () => {
    const schema = JSON.parse(await folder.ok(['check-config', '--schema']))
    expect(schema.properties.models.items.properties.prices.description).toContain('USD per million tokens')
  })
})
