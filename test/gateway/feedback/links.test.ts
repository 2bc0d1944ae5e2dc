import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/gateway/config/secret.js'
import { linkToken, readLink } from '../../../src/gateway/feedback/links.js'

const LINKS = { secret: new Secret('0123456789'.repeat(4), '$S'), ttlMs: 1000 }
const OTHERS = { secret: new Secret('9876543210'.repeat(4), '$S'), ttlMs: 1000 }

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
