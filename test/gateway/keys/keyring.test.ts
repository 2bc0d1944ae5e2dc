import { describe, expect, it } from 'vitest'
import type { GatewayConfig } from '../../../src/gateway/config/config.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { sha256Hex } from '../../../src/gateway/keys/digest.js'
import { type Authentication, Keyring, keyTextOf } from '../../../src/gateway/keys/keyring.js'
import { memoryRecords, type RecordStore } from '../../../src/gateway/keys/records.js'
import { SharedRecords } from '../../../src/gateway/keys/shared-records.js'
import { createKey, KeyError, listKeys, revokeKey } from '../../../src/gateway/keys/stored-key.js'
import { smallTree } from '../config/example.js'

const T0 = Date.UTC(2027, 0, 1)
const KNOWN = { groups: ['g'], tenants: ['t'], inConfig: [] }

async function configWith(more: object = {}): Promise<GatewayConfig> {
  return readConfig({ ...smallTree(), ...more })
}

async function keyringOn(records: RecordStore, config?: GatewayConfig) {
  const state = {
    now: T0,
    config: config ?? (await configWith()),
    problems: [] as string[],
    /** Keys whose hashes were computed. */
    hashed: [] as string[],
  }
  const now = () => state.now
  const onProblem = (message: string) => void state.problems.push(message)
  const refreshMs = () => state.config.keyStore.refreshMs
  const shared = await SharedRecords.open(records, { refreshMs, now, onProblem })
  const digest = (text: string) => {
    state.hashed.push(text)
    return sha256Hex(text)
  }
  const keyring = new Keyring({ config: () => state.config, records: shared, now, digest, onProblem })
  return { state, keyring, shared }
}

function codeOf(authentication: Authentication): string {
  return authentication.ok ? authentication.key.name : authentication.refusal.code
}

/** As earlier releases made them. @returns its text */
async function withNamesake(records: RecordStore, name: string): Promise<string> {
  const elsewhere = memoryRecords()
  const { text } = await createKey(elsewhere, { name }, KNOWN, T0)
  for (const [id, value] of await elsewhere.read()) await records.put(id, Object(value))
  return text
}

describe('a key made at run time', () => {
  it('is 256 random bits, of which the hash alone is kept', async () => {
    const records = memoryRecords()
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, i) => createKey(records, { name: `k${i}` }, KNOWN, T0)),
    )
    for (const { text, key } of made) {
      expect(text).toMatch(/^pb-[0-9a-f]{64}$/)
      expect(key.sha256).toBe(await sha256Hex(text))
      expect(key.id).toBe(`key_${key.sha256.slice(0, 16)}`)
    }
    expect(new Set(made.map(({ text }) => text)).size).toBe(50)
    const kept = JSON.stringify([...(await records.read())])
    for (const { text } of made) expect(kept).not.toContain(text.slice(3))
  })

  it('comes in as soon as it is acknowledged, also where a look at the records had begun before', async () => {
    const records = memoryRecords()
    let goOn = () => {}
    let isSlow = false
    const version = async () => {
      const waits = isSlow
      const before = await records.version()
      if (waits)
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
      return before
    }
    const { keyring, shared } = await keyringOn({ ...records, version })
    isSlow = true
    const looks = [shared.refresh()]
    isSlow = false
    const { text } = await createKey(records, { name: 'bot' }, KNOWN, T0)
    looks.push(shared.refresh(), shared.refresh())
    goOn()
    await Promise.all(looks)
    expect(codeOf(await keyring.authenticate(text))).toBe('bot')
  })

  it('comes in at once where another process made it, and what is no key has looks in common', async () => {
    const memory = memoryRecords()
    let looks = 0
    let gate = Promise.resolve()
    const version = async () => {
      looks++
      const before = await memory.version()
      await gate
      return before
    }
    const records = { ...memory, version }
    const { keyring, shared } = await keyringOn(records)
    let told = 0
    shared.onRefresh(() => told++)
    looks = 0
    const { text } = await createKey(memory, { name: 'bot' }, KNOWN, T0)
    expect(codeOf(await keyring.authenticate(text))).toBe('bot')
    expect([looks, told]).toEqual([1, 1])
    const guesses = Array.from({ length: 100 }, (_, i) => `pb-${String(i).padStart(64, '0')}`)
    let goOn = () => {}
    gate = new Promise((resolve) => {
      goOn = resolve
    })
    const answers = guesses.map(async (guess) => codeOf(await keyring.authenticate(guess)))
    await new Promise((resolve) => setTimeout(resolve, 50))
    goOn()
    const codes = await Promise.all(answers)
    expect(new Set(codes)).toEqual(new Set(['invalid_api_key']))
    expect([looks, told]).toEqual([3, 1])
    await keyring.authenticate('of-no-form-that-we-make')
    expect(looks).toBe(3)
  })

  it('that nobody here knows is not refused for good while its store is away, and nobody waits for that', async () => {
    const memory = memoryRecords()
    const away = { is: false }
    const version = () => (away.is ? Promise.reject(new Error('no route')) : memory.version())
    const { keyring, shared } = await keyringOn({ ...memory, version })
    const { text } = await createKey(memory, { name: 'bot' }, KNOWN, T0)
    away.is = true
    for (let i = 0; i < 2; i++) expect(codeOf(await keyring.authenticate(text))).toBe('keys_unavailable')
    expect(codeOf(await keyring.authenticate('x'))).toBe('invalid_api_key')
    away.is = false
    await shared.refresh()
    expect(codeOf(await keyring.authenticate(text))).toBe('bot')
  })

  it('comes in with its rights until it is revoked', async () => {
    const records = memoryRecords()
    const limits = { requestsPerMinute: 5, tokensPerMinute: 10 }
    const wish = { name: 'bot', tenant: 't', groups: ['g'], teaches: false, ...limits }
    const { text, key } = await createKey(records, wish, KNOWN, T0)
    const { keyring, shared } = await keyringOn(records)
    expect(await keyring.authenticate(text)).toEqual({
      ok: true,
      key: { id: key.id, expiresAt: null, ...wish },
    })
    await revokeKey(records, key.id, T0)
    await shared.refresh()
    expect(codeOf(await keyring.authenticate(text))).toBe('revoked_api_key')
    expect((await listKeys(records)).keys).toMatchObject([{ id: key.id, revokedAt: T0 }])
    expect((await revokeKey(records, key.id, T0 + 1)).revokedAt).toBe(T0)
  })

  it('does not come in again where the word that it is revoked cannot be read, and the log says so', async () => {
    for (const damage of [
      (id: string, record: object) => [`key:${id}`, { ...record, revokedAt: 'never' }] as const,
      (_: string, record: object) => [`key:key_${'0'.repeat(16)}`, record] as const,
      (id: string, record: object) => [`kay:${id}`, record] as const,
    ]) {
      const records = memoryRecords()
      const { text, key } = await createKey(records, { name: 'bot' }, KNOWN, T0)
      const other = await createKey(records, { name: 'other' }, KNOWN, T0)
      const { keyring, shared, state } = await keyringOn(records)
      expect(codeOf(await keyring.authenticate(text))).toBe('bot')
      const [, record] = [...(await records.read())].find(([id]) => id.endsWith(key.id)) ?? []
      const [where, wrong] = damage(key.id, { ...(record as object), revokedAt: '2027-01-01T00:00:00.000Z' })
      await records.put(where, wrong)
      await shared.refresh()
      expect(codeOf(await keyring.authenticate(text))).toBe('invalid_api_key')
      expect(codeOf(await keyring.authenticate(other.text))).toBe('other')
      expect(state.problems).toEqual([expect.stringContaining(key.id)])
      expect((await listKeys(records)).unreadable).toContain(key.id)
      await expect(revokeKey(records, key.id, T0)).rejects.toThrow('refused already')
    }
  })

  it('that is gone from the store is refused, and the log says so, once', async () => {
    const records = memoryRecords()
    const made = [
      await createKey(records, { name: 'a' }, KNOWN, T0),
      await createKey(records, { name: 'b' }, KNOWN, T0),
    ]
    const { keyring, shared, state } = await keyringOn(records)
    for (const { text, key } of made) expect(codeOf(await keyring.authenticate(text))).toBe(key.name)
    const before = [...(await records.read())]
    for (const [id] of before) await records.remove(id)
    await shared.refresh()
    for (const { text } of [...made, ...made])
      expect(codeOf(await keyring.authenticate(text))).toBe('invalid_api_key')
    expect(state.problems).toEqual([
      '2 stored keys that this process knew are gone from the store of keys, and are refused: put back what it had',
    ])
    for (const [id, value] of before) await records.put(id, value as object)
    await shared.refresh()
    for (const { text, key } of made) expect(codeOf(await keyring.authenticate(text))).toBe(key.name)
    expect(state.problems).toHaveLength(1)
  })

  it('expires', async () => {
    const records = memoryRecords()
    const { text } = await createKey(records, { name: 'k', expiresAt: '2027-01-01T01:00:00Z' }, KNOWN, T0)
    const { keyring, state, shared } = await keyringOn(records)
    expect(codeOf(await keyring.authenticate(text))).toBe('k')
    state.now = T0 + 3_600_000
    await shared.refresh()
    expect(codeOf(await keyring.authenticate(text))).toBe('expired_api_key')
  })

  it('has a name of its own', async () => {
    const records = memoryRecords()
    const known = { ...KNOWN, inConfig: ['fixed'] }
    const make = (name: string, more: object = {}) => createKey(records, { name, ...more }, known, T0)
    const { key } = await make('k')
    const taken = `expected a name that no other key has, got "k", which key ${key.id} has: revoke that one first`
    await expect(make('k')).rejects.toMatchObject({
      code: 'duplicate_key',
      mistakes: [{ path: ['name'], message: taken }],
    })
    await expect(createKey(records, { name: 'k' }, null, T0)).rejects.toThrow(taken)
    await expect(make('fixed')).rejects.toThrow('got "fixed", which a key of the config has')
    expect((await records.read()).size).toBe(1)
    await revokeKey(records, key.id, T0)
    await make('k')
    await make('brief', { expiresAt: new Date(T0 + 1).toISOString() })
    await createKey(records, { name: 'brief' }, known, T0 + 1)
  })

  it('has it alone where processes make keys at the same time: whoever finds another makes none', async () => {
    const records = memoryRecords()
    const made = await Promise.allSettled([1, 2, 3].map(() => createKey(records, { name: 'k' }, KNOWN, T0)))
    expect(made.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1)
    const { keys } = await listKeys(records)
    expect(keys.filter(({ revokedAt }) => revokedAt === null).length).toBeLessThanOrEqual(1)
    if (keys.every(({ revokedAt }) => revokedAt !== null)) await createKey(records, { name: 'k' }, KNOWN, T0)
  })

  it('works beside one of its name that a store has from before, and that is told', async () => {
    const records = memoryRecords()
    const { text } = await createKey(records, { name: 'k' }, KNOWN, T0)
    const other = await withNamesake(records, 'k')
    const { keyring, state, shared } = await keyringOn(records)
    for (const each of [text, other, text]) expect(codeOf(await keyring.authenticate(each))).toBe('k')
    expect(state.problems).toEqual([expect.stringContaining('several keys in force are called "k": ')])
    await createKey(records, { name: 'x' }, KNOWN, T0)
    await shared.refresh()
    await keyring.authenticate(text)
    expect(state.problems).toHaveLength(1)
  })

  it('may be revoked by its name where that is the only one', async () => {
    const records = memoryRecords()
    const first = await createKey(records, { name: 'k' }, KNOWN, T0)
    await withNamesake(records, 'k')
    await expect(revokeKey(records, 'k', T0)).rejects.toThrow('2 keys are called "k": give the id')
    await revokeKey(records, first.key.id, T0)
    expect((await revokeKey(records, 'k', T0)).id).not.toBe(first.key.id)
    await expect(revokeKey(records, 'k', T0)).rejects.toThrow(KeyError)
  })

  it.each([
    [null, 'name: expected'],
    [{}, 'name: expected'],
    [{ name: '' }, 'name: expected'],
    [{ name: 'a\nb' }, 'name: expected'],
    [{ name: 'k', tenant: 'x' }, 'tenant: there is no tenant "x"'],
    [{ name: 'k', groups: ['x'] }, 'groups: no model is in group x'],
    [{ name: 'k', group: 'g' }, "group: unknown; did you mean 'groups'?"],
    [{ name: 'k', requestsPerMinute: 0 }, 'requestsPerMinute: expected'],
    [{ name: 'k', expiresAt: '2026-12-31' }, 'expiresAt: is over already'],
    [{ name: 'k', expiresAt: 1 }, 'expiresAt: expected a time'],
    [{ name: 'k', sha256: 'a'.repeat(64) }, 'sha256: unknown'],
  ])('is not made of %j', async (wish, message) => {
    const records = memoryRecords()
    await expect(createKey(records, wish, KNOWN, T0)).rejects.toThrow(message)
    expect((await records.read()).size).toBe(0)
  })
})

describe('a keyring', () => {
  it('refuses what is no key, each with its code', async () => {
    const { keyring } = await keyringOn(memoryRecords())
    for (const text of ['x', 'pb-', `pb-${'0'.repeat(64)}`, 'a'.repeat(1e6), '__proto__', 'ü'])
      expect(codeOf(await keyring.authenticate(text))).toBe('invalid_api_key')
    for (const text of [null, '']) expect(codeOf(await keyring.authenticate(text))).toBe('missing_api_key')
  })

  it('does not take a hash for a key', async () => {
    const records = memoryRecords()
    const { key } = await createKey(records, { name: 'k' }, KNOWN, T0)
    const { keyring } = await keyringOn(records)
    expect(codeOf(await keyring.authenticate(key.sha256))).toBe('invalid_api_key')
    expect(codeOf(await keyring.authenticate(key.id))).toBe('invalid_api_key')
  })

  it('has the keys of the config in force', async () => {
    const sha256 = await sha256Hex('a-static-key-of-ours')
    const config = await configWith({ keys: [{ name: 'fixed', sha256, requestsPerMinute: 7 }] })
    const { keyring, state } = await keyringOn(memoryRecords(), config)
    expect(await keyring.authenticate('a-static-key-of-ours')).toMatchObject({
      key: { id: 'config:fixed', requestsPerMinute: 7 },
    })
    state.config = await configWith()
    expect(codeOf(await keyring.authenticate('a-static-key-of-ours'))).toBe('invalid_api_key')
  })

  it('takes stored keys for staleMs while their store is away, and those of the config for ever', async () => {
    const memory = memoryRecords()
    const away = { is: false }
    const records: RecordStore = {
      ...memory,
      version: () => (away.is ? Promise.reject(new Error('no route')) : memory.version()),
    }
    const { text } = await createKey(memory, { name: 'k' }, KNOWN, T0)
    const sha256 = await sha256Hex('a-static-key-of-ours')
    const config = await configWith({
      keys: [{ name: 'fixed', sha256 }],
      keyStore: { staleMs: 5000, refreshMs: 1000 },
    })
    const { keyring, state, shared } = await keyringOn(records, config)
    away.is = true
    for (const at of [1000, 2000, 5000]) {
      state.now = T0 + at
      await shared.refresh()
      expect(codeOf(await keyring.authenticate(text))).toBe('k')
    }
    expect(state.problems).toEqual(['records cannot be read: no route'])
    state.now = T0 + 5001
    expect(await keyring.authenticate(text)).toMatchObject({
      refusal: { status: 503, code: 'keys_unavailable', retryAfterMs: 1000 },
    })
    expect(codeOf(await keyring.authenticate('unknown'))).toBe('keys_unavailable')
    expect(codeOf(await keyring.authenticate('a-static-key-of-ours'))).toBe('fixed')
    away.is = false
    await shared.refresh()
    expect(codeOf(await keyring.authenticate(text))).toBe('k')
  })

  it('refuses records that it cannot read, and says so', async () => {
    const records = memoryRecords()
    const { text, key } = await createKey(records, { name: 'k' }, KNOWN, T0)
    const [[id, value]] = await records.read()
    await records.put(id, { ...(value as object), rights: 'all' })
    const { keyring, state, shared } = await keyringOn(records)
    expect(codeOf(await keyring.authenticate(text))).toBe('invalid_api_key')
    expect(state.problems).toEqual([
      `1 stored key cannot be read, and no client comes in with such a one: ${id.slice('key:'.length)}; make others in their place`,
    ])
    // A hash under the id of another key would be a key that no list shows.
    await records.put(id, { ...(value as object), sha256: await sha256Hex('planted') })
    await shared.refresh()
    expect(codeOf(await keyring.authenticate('planted'))).toBe('invalid_api_key')
    expect(key.id).toBe(id.slice(4))
  })

  it('tells of each that cannot be read, however many there are, and names the first ten', async () => {
    const records = memoryRecords()
    const damage = async (name: string) => {
      const { key } = await createKey(records, { name }, KNOWN, T0)
      await records.put(`key:${key.id}`, { damagedLine: name })
    }
    for (let i = 0; i < 11; i++) await damage(`k${i}`)
    const { keyring, state, shared } = await keyringOn(records)
    await keyring.authenticate('unknown')
    await damage('one more')
    await shared.refresh()
    await keyring.authenticate('unknown')
    const told = state.problems.map((problem) => /^(\d+) .* and (\d+) more;/.exec(problem)?.slice(1))
    expect(told).toEqual([
      ['11', '1'],
      ['12', '2'],
    ])
  })

  it('looks for changes itself where no timer runs', async () => {
    const records = memoryRecords()
    const { text, key } = await createKey(records, { name: 'k' }, KNOWN, T0)
    const { keyring, state } = await keyringOn(records)
    await revokeKey(records, key.id, T0)
    expect(codeOf(await keyring.authenticate(text))).toBe('k')
    state.now += 1001
    expect(codeOf(await keyring.authenticate(text))).toBe('revoked_api_key')
  })
})

describe('the hashes that a keyring remembers', () => {
  it('are of the keys that came in lately, however early they came for the first time', async () => {
    const texts = Array.from({ length: 1001 }, (_, i) => `a-static-key-of-ours-${i}`)
    const keys = await Promise.all(
      texts.map(async (text, i) => ({ name: `k${i}`, sha256: await sha256Hex(text) })),
    )
    const { keyring, state } = await keyringOn(memoryRecords(), await configWith({ keys }))
    const [first = '', second = ''] = texts
    for (const text of texts.slice(0, 1000)) await keyring.authenticate(text)
    await keyring.authenticate(first)
    // One too many: of all, the second has not come for the longest time.
    await keyring.authenticate(texts[1000] ?? '')
    state.hashed = []
    for (const text of [first, second]) expect((await keyring.authenticate(text)).ok).toBe(true)
    expect(state.hashed).toEqual([second])
  })

  it.each([
    ['revoked', 'revoked_api_key'],
    ['expired', 'expired_api_key'],
    ['taken out of the config', 'invalid_api_key'],
  ])('are forgotten with a key that is %s', async (what, code) => {
    const records = memoryRecords()
    const expiresAt = '2027-01-01T01:00:00Z'
    const made = await createKey(records, { name: 'k', expiresAt }, KNOWN, T0)
    const fixed = 'a-static-key-of-ours'
    const config = await configWith({ keys: [{ name: 'fixed', sha256: await sha256Hex(fixed) }] })
    const { keyring, state, shared } = await keyringOn(records, config)
    const text = code === 'invalid_api_key' ? fixed : made.text
    expect((await keyring.authenticate(text)).ok).toBe(true)
    if (what === 'revoked') await revokeKey(records, made.key.id, T0)
    else if (what === 'expired') state.now = T0 + 3_600_000
    else state.config = await configWith()
    await shared.refresh()
    state.hashed = []
    for (let i = 0; i < 2; i++) expect(codeOf(await keyring.authenticate(text))).toBe(code)
    // The first time it was remembered.
    expect(state.hashed).toEqual([text])
  })
})

describe('the key of a request', () => {
  it.each([
    [{ authorization: 'Bearer abc' }, 'abc'],
    [{ authorization: 'bearer   abc' }, 'abc'],
    [{ 'x-api-key': 'abc' }, 'abc'],
    [{ authorization: 'Bearer a', 'x-api-key': 'b' }, 'a'],
    [{ authorization: 'Basic abc', 'x-api-key': 'b' }, 'b'],
    [{ authorization: 'Bearer' }, null],
    [{ authorization: 'Bearer a b' }, null],
    [{}, null],
  ])('of %j is %j', (headers, text) => {
    expect(keyTextOf(new Headers(headers as Record<string, string>))).toBe(text)
  })
})
