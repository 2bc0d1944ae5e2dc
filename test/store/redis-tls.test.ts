import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisLink } from '../../src/gateway/node/redis-link.js'
import type { LogHeader } from '../../src/log/store.js'
import { redisStore } from '../../src/store/redis/index.js'
import { openRedisReadOnly } from '../../src/store/redis/read-only.js'
import { redisConfig } from '../gateway/keys/record-stores.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { freePort, hasRedis, RedisServer } from '../support/redis-server.js'

const HEADER: LogHeader = { version: 1, settings: { dimension: 26, policy: 'dollar' } }
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const NAME = 'redis.internal'

function openssl(folder: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

/** An authority, a server's certificate with a name that is not its address, and a client's. */
function makeCertificates(folder: string): void {
  const key = ['-newkey', 'rsa:2048', '-nodes']
  openssl(
    folder,
    'req',
    '-x509',
    ...key,
    '-days',
    '30',
    '-subj',
    '/CN=own',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  )
  writeFileSync(join(folder, 'names'), `subjectAltName=DNS:${NAME}`)
  for (const who of ['server', 'client']) {
    openssl(folder, 'req', ...key, '-subj', `/CN=${who}`, '-keyout', `${who}.key`, '-out', `${who}.csr`)
    const signed = [
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '30',
      '-extfile',
      'names',
    ]
    openssl(folder, 'x509', '-req', '-in', `${who}.csr`, ...signed, '-out', `${who}.pem`)
  }
}

it.each([
  [
    'rediss://u:hidden@h?ssl_ca_certs=x',
    'no parameters of an address but caFile, certFile, keyFile, serverName, got ssl_ca_certs',
  ],
  ['redis://u:hidden@h?caFile=ca.pem', 'rediss:// beside caFile'],
  ['rediss://u:hidden@h?certFile=c.pem', 'certFile and keyFile together'],
  ['rediss://u:hidden@h?caFile=', 'one value of caFile'],
  ['rediss://u:hidden@h?caFile=a&caFile=b', 'one value of caFile'],
  ['redis://:a@hidden#b@h', '%2F %3F %23 and %25'],
  ['redis://user:12/hidden@h:6379', '%2F %3F %23 and %25'],
  ['redis://user:1?hidden@h:6379', '%2F %3F %23 and %25'],
  ['redis://user:hidden%@h:6379', '%2F %3F %23 and %25'],
  ['redis://user:1?caFile&hidden@h:6379', '%2F %3F %23 and %25'],
  ['rediss://u:hidden@h:6379?caFile=/a@b&certFile=c', 'certFile and keyFile together'],
  ['redis://h:6379#hidden', '%2F %3F %23 and %25'],
])('%s is refused, and its password is not repeated', (url, words) => {
  const { message } = expectCode(() => redisStore({ url }), 'INVALID_ARGUMENT')
  expect(message).toContain(words)
  expect(message).not.toContain('hidden')
})

it.each([
  'rediss://h:6379?caFile=/etc/redis@prod/ca.pem',
  'rediss://[::1]:6379/2?serverName=a&caFile=/etc/redis@prod/ca.pem',
  'rediss://u:p%40@h?caFile=/etc/redis@prod/ca.pem',
])('%s is taken: a path may have an @', async (url) => {
  const store = redisStore({ url })
  expect(store.description).not.toContain('prod')
  await store.close()
})

describe.skipIf(!hasRedis || !hasOpenssl)('a Redis with TLS and certificates of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paretobandit-tls-'))
  const at = (name: string) => encodeURIComponent(join(folder, name))
  const ca = `caFile=${at('ca.pem')}`
  const whole = `${ca}&serverName=${NAME}&certFile=${at('client.pem')}&keyFile=${at('client.key')}`
  let server: RedisServer
  let base = ''

  beforeAll(async () => {
    makeCertificates(folder)
    const port = String(await freePort())
    base = `rediss://some:p%40ss%2F%23@127.0.0.1:${port}/3`
    server = await RedisServer.start({
      'tls-port': port,
      'tls-cert-file': join(folder, 'server.pem'),
      'tls-key-file': join(folder, 'server.key'),
      'tls-ca-cert-file': join(folder, 'ca.pem'),
      'tls-auth-clients': 'yes',
      user: ['some', 'on', '>p@ss/#', '~*', '+@all'],
    })
  })
  afterAll(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    ['', '?caFile=ca.pem'],
    [`?${ca}`, '?serverName=NAME'],
    [`?${ca}&serverName=${NAME}`, '?certFile=client.pem&keyFile=client.key'],
    ['?caFile=/nowhere/ca.pem', 'caFile: expected a file that can be read'],
  ])('says of what is missing how it is given: %s', async (query, words) => {
    const open = redisStore({ url: base + query, timeoutMs: 5000 }).open(HEADER, [])
    expect((await expectRejection(open, 'STORE_UNREACHABLE')).message).toContain(words)
    await expect(redisLink(redisConfig(base + query, 'p', 1000))).rejects.toThrow(words)
  })

  it('is opened, read, and asked for keys and notes, and again when all its certificates were renewed', async () => {
    const url = `${base}?${whole}`
    const store = redisStore({ url, stream: 'tls', timeoutMs: 2000 })
    const link = await redisLink(redisConfig(url, 'p', 2000))
    try {
      await store.open(HEADER, [])
      expect(await link.send('SET', '{p}:a', '1')).toBe('OK')
      await (await openRedisReadOnly({ url, stream: 'tls' })).close()
      await server.kill()
      makeCertificates(folder)
      await server.restart()
      await expect
        .poll(() => link.send('GET', '{p}:a').catch(String), { timeout: 15_000, interval: 100 })
        .toBe('1')
      const openable = () => store.checkOpenable?.().then(() => 'yes', String)
      await expect.poll(openable, { timeout: 15_000, interval: 100 }).toBe('yes')
    } finally {
      link.close()
      await store.close()
    }
  })
})
