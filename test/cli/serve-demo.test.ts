import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import OpenAI from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { BIN, Folder } from './support.js'

const folder = new Folder()
const running: ChildProcess[] = []

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
  }
})

/** The bin with `--demo`, whose temporary folder is one in the test's. */
async function demo(args: readonly string[], bin = BIN) {
  const temporary = join(folder.path, 'tmp')
  await mkdir(temporary)
  const child = spawn(process.execPath, [bin, 'serve', '--demo', ...args], {
    cwd: folder.path,
    env: { ...process.env, TMPDIR: temporary },
  })
  running.push(child)
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const until = async (pattern: RegExp) => {
    await expect
      .poll(() => pattern.test(output.stdout) || child.exitCode !== null, { timeout: 30_000 })
      .toBe(true)
    return pattern.exec(output.stdout)
  }
  return { child, output, exited, until, left: () => readdir(temporary) }
}

const USD = '\\$(\\d+\\.\\d{9})'

/** What it says of the money at its end. */
function accountsIn(text: string) {
  const lineOf = (name: string) => {
    const [, requests, booked, billed] = new RegExp(`^${name} +(\\d+) +${USD} +${USD}$`, 'm').exec(text) ?? []
    return { requests: Number(requests), booked: Number(booked), billed: Number(billed) }
  }
  const [, ledger, reserved] = new RegExp(`^ledger ${USD}, reserved ${USD}$`, 'm').exec(text) ?? []
  const [, requests] = /^(\d+) requests in /m.exec(text) ?? []
  const models = [...text.matchAll(/^(?:alder|birch|cedar)-\w+ +(\d+) /gm)].map(([, answers]) =>
    Number(answers),
  )
  return {
    measured: lineOf('with usage'),
    broken: lineOf('broken off'),
    ledger: Number(ledger),
    reserved: Number(reserved),
    requests: Number(requests),
    answers: models.reduce((sum, answers) => sum + answers, 0),
    models: models.length,
  }
}

function expectAgreement(text: string): void {
  const { measured, broken, ledger, reserved, requests, answers, models } = accountsIn(text)
  expect(measured.requests).toBeGreaterThan(10)
  expect(measured.booked).toBeCloseTo(measured.billed, 8)
  expect(measured.booked).toBeGreaterThan(0)
  expect(broken.booked).toBeGreaterThanOrEqual(broken.billed)
  expect(ledger).toBeCloseTo(measured.booked + broken.booked, 8)
  expect(reserved).toBe(0)
  expect(models).toBe(5)
  expect(answers).toBeLessThanOrEqual(requests)
}

describe('serve --demo', () => {
  test('plays its schedule, ends after its time, and its ledger is that of the providers', async () => {
    const { output, exited, left, until } = await demo(['--port', '0', '--seconds', '12'])
    await until(/It ends after 12 seconds/)
    expect(await left()).toHaveLength(1)
    expect(await exited).toBe(0)
    expect(output.stderr).toBe('')
    for (const change of ['answers worse', 'costs 30 %', 'is as good as it was'])
      expect(output.stdout).toContain(change)
    expect(output.stdout).toMatch(
      /\d+ requests, \$[\d.]+, [\d.]+ % of the budget, reward 0\.\d\d: alder-mini/,
    )
    expectAgreement(output.stdout)
    const [, taken, learned] =
      / (\d+) rewards taken, 0 refused, (\d+) learned from$/m.exec(output.stdout) ?? []
    expect(Number(taken)).toBeGreaterThan(10)
    // The last of them are still collected.
    expect(Number(learned)).toBeGreaterThan(0.5 * Number(taken))
    expect(await left()).toEqual([])
  })

  test('serves a stranger with the openai client, counts what it costs, and ends on Ctrl-C', async () => {
    const { child, output, exited, left, until } = await demo(['--port', '0'])
    const [, baseURL = ''] = (await until(/base URL +(\S+)/)) ?? []
    await until(/It runs until Ctrl-C/)
    const openai = new OpenAI({ apiKey: 'demo', baseURL, maxRetries: 0 })
    const stream = await openai.chat.completions.create({
      model: 'auto',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'Hello' }],
    })
    let text = ''
    let usage: unknown = null
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text.length).toBeGreaterThan(10)
    expect(usage).toMatchObject({ cost: expect.any(Number) })
    // An application tries itself on it: answers have the form, and no more than the length, that it asks for.
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' }, people: { type: 'integer' } },
      required: ['city', 'people'],
      additionalProperties: false,
    }
    const json_schema = { name: 'city', strict: true, schema }
    const formed = await openai.chat.completions.create({
      model: 'auto',
      messages,
      response_format: { type: 'json_schema', json_schema },
    })
    expect(JSON.parse(formed.choices[0].message.content ?? '')).toEqual({
      city: expect.any(String),
      people: expect.any(Number),
    })
    const short = await openai.chat.completions.create({ model: 'auto', messages, max_completion_tokens: 3 })
    expect(short.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: 'This is a simul' },
    })
    expect(short.usage?.completion_tokens).toBe(3)
    const tool = { type: 'function' as const, function: { name: 'look_up', parameters: schema } }
    const called = await openai.chat.completions.create({
      model: 'auto',
      messages,
      tools: [tool],
      tool_choice: 'required',
    })
    expect(called.choices[0].message.tool_calls).toMatchObject([{ function: { name: 'look_up' } }])
    const metrics = await (await fetch(`${new URL(baseURL).origin}/metrics`)).text()
    expect(Number(/^paretobandit_spend_usd\{[^}]*\} (\S+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0)
    await until(/[1-9]\d requests/)
    // What is said of the budget is of the one in force.
    const [, adminKey = ''] = (await until(/admin key +(\S+)/)) ?? []
    const raised = await fetch(`${new URL(baseURL).origin}/admin/budget`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ usdPerRequest: 10 }),
    })
    expect(raised.status).toBe(200)
    await openai.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] })
    child.kill('SIGINT')
    expect(await exited).toBe(0)
    const [, share] = / spent, ([\d.]+) % of the budget/.exec(output.stdout) ?? []
    expect(Number(share)).toBeLessThan(10)
    expectAgreement(output.stdout)
    expect(await left()).toEqual([])
  })

  test('runs whole from the files of the package alone, in memory where Node has no SQLite', async () => {
    const copy = join(folder.path, 'package')
    const dist = dirname(dirname(BIN))
    await mkdir(copy)
    await cp(dist, join(copy, 'dist'), { recursive: true })
    await cp(join(dist, '../package.json'), join(copy, 'package.json'))
    const { output, exited, left } = await demo(
      ['--port', '0', '--seconds', '3'],
      join(copy, 'dist/cli/main.js'),
    )
    expect(await exited).toBe(0)
    const hasSqlite = Number.parseInt(process.versions.node, 10) >= 22
    expect(output.stdout).toContain(hasSqlite ? 'on SQLite' : 'in memory, as this Node has no SQLite')
    expectAgreement(output.stdout)
    expect(await left()).toEqual([])
  })

  test('says that it has no temporary folder', async () => {
    const child = spawn(process.execPath, [BIN, 'serve', '--demo', '--port', '0'], {
      env: { ...process.env, TMPDIR: join(folder.path, 'gone') },
    })
    running.push(child)
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2)
    expect(text).toMatch(/^paretobandit: .*gone.*: cannot write it: no such file or folder\n$/)
  })

  test('refuses what does not go with it, and a port that is taken', async () => {
    await folder.refused(['serve', 'x.yaml', '--demo'], /--demo: expected no config/)
    await folder.refused(['serve', '--seconds', '5'], /--seconds: expected --demo/)
    await folder.refused(['serve', '--demo', '--seconds', '0'], /Expected a number of seconds/)
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { exited, output, left } = await demo(['--port', String(port)])
    expect(await exited).toBe(2)
    expect(output.stderr).toMatch(/^paretobandit: --port: .*EADDRINUSE.*: take another, or 0 for any\n$/)
    expect(await left()).toEqual([])
    await new Promise((resolve) => taken.close(resolve))
  })
})
