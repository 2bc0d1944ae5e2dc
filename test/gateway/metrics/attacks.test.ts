import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'

afterEach(closeAll)

/** Names that would break out of a label, a line or a log; and many of them. */
const NASTY = [
  '"\n{',
  '\\',
  '"} 1\n# TYPE evil counter\nevil 1',
  'a\u2028b\u0000c',
  '𝕏'.repeat(300),
  '__proto__',
  'constructor',
  '{"a":1}',
]
const SAMPLE = /^[a-z][a-z0-9_]*(\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)*\})? (-?[0-9.e+-]+|[+-]?Inf|NaN)$/

describe('logs and metrics', () => {
  it('are no place where a request can write, and grow by none that it makes up', async () => {
    const server = await gatewayServer({
      models: [modelTree('sim-small')],
      tree: { metrics: { open: true } },
    })
    const seriesOf = async () => {
      const text = await (await server.gateway.fetch(new Request(`${server.url}/metrics`))).text()
      const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('# '))
      expect(samples.filter((line) => !SAMPLE.test(line))).toEqual([])
      return { text, count: samples.length }
    }
    const ask = async (model: string, headers: Readonly<Record<string, string>> = {}) =>
      (await server.post('/v1/chat/completions', { model, messages: HELLO, user: model }, headers)).text()
    await ask('sim-small')
    await ask('nobody')
    const before = await seriesOf()
    for (const model of NASTY) await ask(model)
    for (let i = 0; i < 200; i++)
      await ask(`made-up-${i}`, { 'x-session-id': `s${i}`, 'x-request-id': `r${i}` })
    for (const path of NASTY) await server.post(`/v1/${encodeURIComponent(path)}`, {})
    const after = await seriesOf()
    expect(after.count).toBe(before.count)
    expect(after.text).not.toMatch(/evil|made-up/)
    // A line of the log is one line, whatever is in it.
    for (const record of server.records) expect(JSON.stringify(record)).not.toMatch(/[\n\r]/)
    expect(server.records.every(({ requestedModel }) => (requestedModel ?? '').length <= 256)).toBe(true)
    expect(server.problems).toEqual([])
  })
})
