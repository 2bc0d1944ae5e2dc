import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { cutToBytes, requestLog } from '../../../src/gateway/logs/request-log.js'
import { scrubberOf } from '../../../src/gateway/logs/scrub.js'
import { ENV, exampleTree, type Tree } from '../config/example.js'
import { record } from './records.js'

type Line = readonly [level: string, fields: Readonly<Record<string, unknown>>, message: string]

async function logOf(more: Tree = {}, env: Readonly<Record<string, string>> = ENV) {
  const config = await readConfig({ ...exampleTree(), ...more }, { name: 'c', env })
  const lines: Line[] = []
  return {
    observe: requestLog(
      () => config,
      scrubberOf(config),
      (...line) => lines.push(line),
    ),
    lines,
    config,
  }
}

describe('the log of requests', () => {
  it('has a line a request, at a level that follows from its end', async () => {
    const { observe, lines } = await logOf()
    observe(record())
    observe(record({ outcome: 'refused', status: 402, code: 'budget_exhausted' }))
    observe(record({ outcome: 'failed', status: 200, code: 'stream_broken' }))
    observe(record({ outcome: 'cancelled' }))
    expect(lines.map(([level]) => level)).toEqual(['info', 'warn', 'error', 'info'])
    expect(lines[0][1]).toMatchObject({
      at: '2027-01-01T00:00:00.000Z',
      id: 'req_1',
      key: 'key_a',
      keyName: 'bot',
      model: 'small',
      costUsd: 0.002,
      tokens: { input: 1000, output: 101, cachedInput: 200 },
    })
  })

  it('has prompts and answers only where that is turned on, cut to size', async () => {
    const content = { prompt: 'ä'.repeat(100), answer: 'fine' }
    const off = await logOf()
    off.observe(record({ content }))
    expect(JSON.stringify(off.lines)).not.toContain('fine')
    const on = await logOf({ logging: { content: true, contentBytesMax: 11 } })
    on.observe(record({ content }))
    expect(on.lines[0][1]).toMatchObject({ prompt: 'äääää…', answer: 'fine' })
    on.observe(record())
    expect(on.lines[1][1]).not.toHaveProperty('prompt')
  })

  it('never has a secret of the config, whoever quotes it', async () => {
    const env = { ...ENV, REDIS_URL: 'redis://user:p%40ssw0rd@host:6379', X: 'header"secret' }
    const tree = exampleTree()
    const [first, ...others] = tree.upstreams as Tree[]
    const { observe, lines } = await logOf(
      {
        store: { kind: 'redis', url: '$REDIS_URL' },
        upstreams: [{ ...first, headers: { 'x-secret': '$X' } }, ...others],
        logging: { content: true, contentBytesMax: 30 },
      },
      env,
    )
    observe(
      record({
        error: `Incorrect API key: ${env.OPENAI_API_KEY}. ${encodeURIComponent(env.X)} ${JSON.stringify(env.X)} p@ssw0rd p%40ssw0rd`,
        content: { prompt: `twenty-two characters ${env.ANTHROPIC_API_KEY}` },
      }),
    )
    const text = JSON.stringify(lines)
    for (const secret of [env.OPENAI_API_KEY, 'sk-ant', 'p@ssw0rd', 'p%40ssw0rd', 'header'])
      expect(text).not.toContain(secret)
    expect(lines[0][1].error).toContain('Incorrect API key: $OPENAI_API_KEY.')
  })

  it('has no key of a client or an admin either, where the config has its text', async () => {
    const env = { ...ENV, ADMIN: 'admin-secret-0123456789', BOT: 'bot-secret-(0123456789' }
    const { observe, lines, config } = await logOf(
      { admin: { key: '$ADMIN' }, keys: [{ name: 'bot', value: '$BOT' }] },
      env,
    )
    expect(JSON.stringify(config)).not.toMatch(/admin-secret|bot-secret/)
    observe(
      record({ session: `s-${env.ADMIN}`, requestedModel: env.BOT, error: `echo ${env.ADMIN} ${env.BOT}` }),
    )
    expect(lines[0][1]).toMatchObject({
      session: 's-$ADMIN',
      requestedModel: '$BOT',
      error: 'echo $ADMIN $BOT',
    })
  })

  it('has none in any text of a line', async () => {
    const { observe, lines } = await logOf()
    const secret = ENV.OPENAI_API_KEY
    const whole = {
      ...record({ session: 's', error: 'e', finishReason: 'stop', code: 'c', tenant: 't', decision: 'd' }),
      requestedModel: 'auto',
      key: { id: secret, name: secret },
      trace: { traceparent: secret },
    }
    // These few have fixed words.
    const fixed = ['surface', 'outcome', 'protocol']
    const texts = Object.entries(whole).filter(
      ([name, value]) => typeof value === 'string' && !fixed.includes(name),
    )
    expect(texts.map(([name]) => name).sort()).toEqual([
      'code',
      'decision',
      'error',
      'finishReason',
      'id',
      'model',
      'requestedModel',
      'session',
      'tenant',
      'upstream',
    ])
    observe({ ...whole, ...Object.fromEntries(texts.map(([name]) => [name, `x ${secret}`])) })
    expect(JSON.stringify(lines)).not.toContain(secret)
    for (const [name] of texts) expect(lines[0][1][name]).toBe('x $OPENAI_API_KEY')
  })
})

describe('a scrubber', () => {
  it('leaves other texts as they are', async () => {
    const { config } = await logOf()
    const scrub = scrubberOf(config)
    expect(scrub('nothing $OPENAI_API_KEY')).toBe('nothing $OPENAI_API_KEY')
    expect(scrub(`${ENV.OPENAI_API_KEY}${ENV.OPENAI_API_KEY}`)).toBe('$OPENAI_API_KEY$OPENAI_API_KEY')
  })

  it('puts a name in for a secret even where that has special signs', async () => {
    const { config } = await logOf({}, { ...ENV, OPENAI_API_KEY: "sk-$&$'$`$$" })
    expect(scrubberOf(config)("key sk-$&$'$`$$ end")).toBe('key $OPENAI_API_KEY end')
  })
})

describe('cutting', () => {
  it.each([
    ['', 4, ''],
    ['abcd', 4, 'abcd'],
    ['abcde', 4, 'abcd…'],
    ['😀😀', 7, '😀…'],
    ['😀😀', 8, '😀😀'],
    ['ä', 1, '…'],
  ])('%j to %d bytes is %j', (text, bytesMax, cut) => {
    expect(cutToBytes(text, bytesMax)).toBe(cut)
  })
})
