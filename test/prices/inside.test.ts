import { describe, expect, it } from 'vitest'
import { isInside } from '../../src/prices/inside.js'

const INSIDE = [
  'localhost',
  'localhost.',
  'LOCALHOST',
  'list.localhost',
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.0.9',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '017700000001',
  '127.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[fc00::1]',
  '[fdff::1]',
  '[fe80::1]',
  '[febf::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[::10.0.0.1]',
  '[64:ff9b::192.168.1.1]',
  '[2002:a00:1::]',
]
const OUTSIDE = [
  'example.com',
  'localhost.example.com',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.0.1',
  '172.15.0.1',
  '172.32.0.1',
  '192.167.0.1',
  '203.0.113.7',
  '3405803783',
  '[2001:db8::1]',
  '[2606:4700::1111]',
  '[::ffff:203.0.113.7]',
  '[64:ff9b::203.0.113.7]',
  '[2002:cb00:7107::]',
]

/** As a `URL` gives it. */
const hostOf = (host: string) => new URL(`https://${host}/`).hostname
const nobody = async () => []

describe('a host of this machine or its network', () => {
  it.each(INSIDE)('is %s', async (host) => {
    expect(await isInside(hostOf(host), nobody)).toBe(true)
  })

  it.each(OUTSIDE)('is not %s', async (host) => {
    expect(await isInside(hostOf(host), nobody)).toBe(false)
  })

  it('is a name that has one such address, in whatever form', async () => {
    for (const [address, is] of [
      ['10.0.0.1', true],
      ['::1', true],
      ['fe80::1%eth0', true],
      ['::ffff:127.0.0.1', true],
      ['203.0.113.7', false],
      ['2001:db8::1', false],
      ['no address', false],
    ] as const) {
      const asked: string[] = []
      const lookup = async (name: string) => {
        asked.push(name)
        return ['203.0.113.8', address]
      }
      expect([address, await isInside('name.example.', lookup)]).toEqual([address, is])
      expect(asked).toEqual(['name.example'])
    }
  })

  it('is no name that cannot be looked up, and addresses are not looked up', async () => {
    expect(await isInside('name.example', () => Promise.reject(new Error('ENOTFOUND')))).toBe(false)
    const never = () => Promise.reject(new Error('asked'))
    expect([await isInside('203.0.113.7', never), await isInside('[::1]', never)]).toEqual([false, true])
  })
})
