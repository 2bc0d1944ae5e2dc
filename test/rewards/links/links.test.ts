import { describe, expect, it } from 'vitest'
import { linkToken, readLink, thumbLinks } from '../../../src/rewards/links/links.js'

const LINKS = { secret: '0123456789'.repeat(4), ttlMs: 1000 }
const OTHERS = { secret: '9876543210'.repeat(4), ttlMs: 1000 }

describe('a signed link', () => {
  it('says what it was made for until it expires, and nothing else', async () => {
    const claim = { decision: 'r1.7', value: 1 } as const
    const token = await linkToken(claim, LINKS, 5000)
    expect(await readLink(token, LINKS, 5999)).toEqual(claim)
    expect(await readLink(token, LINKS, 6000)).toBeNull()
    expect(await readLink(token, OTHERS, 5000)).toBeNull()
    const [payload, signature] = token.split('.')
    const other = await linkToken({ ...claim, value: 0 }, LINKS, 5000)
    const bad = [
      `${other.split('.')[0]}.${signature}`,
      payload,
      `${payload}.`,
      '',
      '.',
      `${token}.x`,
      `x${token}`,
    ]
    for (const each of bad) expect(await readLink(each, LINKS, 5000)).toBeNull()
  })
})

describe('what links are made of', () => {
  it.each([
    ['a decision', () => linkToken({ decision: '', value: 1 }, LINKS)],
    ['a long decision', () => linkToken({ decision: 'x'.repeat(300), value: 1 }, LINKS)],
    ['a value', () => linkToken({ decision: 'r.1', value: 0.5 as 1 }, LINKS)],
    ['a secret', () => linkToken({ decision: 'r.1', value: 1 }, { secret: 'short' })],
    ['no options', () => readLink('x', undefined as never)],
    ['a lifetime', () => linkToken({ decision: 'r.1', value: 1 }, { ...LINKS, ttlMs: -1 })],
    ['a time', () => linkToken({ decision: 'r.1', value: 1 }, LINKS, Number.NaN)],
    ['an address', () => thumbLinks('r.1', 'no url', LINKS)],
    ['an address without a scheme', () => thumbLinks('r.1', 'localhost:3000/f/', LINKS)],
    ['an address of another scheme', () => thumbLinks('r.1', 'mailto:a@example.com', LINKS)],
  ])('is refused where it cannot be: %s', async (_, make) => {
    await expect(make()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('never tells the secret', async () => {
    const error = await linkToken({ decision: 'r.1', value: 1 }, { secret: 'hunter2' }).catch(String)
    expect(error).toContain('32 characters at least, got 7 of them')
    expect(error).not.toContain('hunter2')
  })

  it.each([
    ['https://h/f', 'https://h/f/'],
    ['https://h', 'https://h/'],
    ['http://localhost:3000/f/', 'http://localhost:3000/f/'],
    ['https://h/f?token=', 'https://h/f?token='],
    ['https://h/#', 'https://h/#'],
    ['https://h/f/t-', 'https://h/f/t-'],
    ['myapp://thumbs/', 'myapp://thumbs/'],
  ])('a token is a part of its own behind %s', async (baseUrl, begin) => {
    const { up, down } = await thumbLinks('r.1', baseUrl, LINKS, 0)
    for (const link of [up, down]) {
      expect(link.startsWith(begin)).toBe(true)
      expect(await readLink(link.slice(begin.length), LINKS, 1)).toMatchObject({ decision: 'r.1' })
    }
  })

  it('makes two links, good for thirty days', async () => {
    const { up, down } = await thumbLinks('r.1', 'https://h/f/', { secret: LINKS.secret }, 0)
    const read = (link: string, now: number) => readLink(link.slice('https://h/f/'.length), LINKS, now)
    expect(await read(up, 30 * 86_400_000 - 1)).toEqual({ decision: 'r.1', value: 1 })
    expect(await read(down, 0)).toEqual({ decision: 'r.1', value: 0 })
    expect(await read(up, 30 * 86_400_000)).toBeNull()
  })
})
