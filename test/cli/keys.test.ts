import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listKeys } from '../../src/gateway/keys/stored-key.js'
import { fileRecords } from '../../src/gateway/node/file-records.js'
import { EXAMPLE, smallTree } from '../gateway/config/example.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { Folder } from './support.js'

const folder = new Folder()

async function created(...args: string[]): Promise<{ key: string; id: string }> {
  const { code, stdout, stderr } = await folder.run(['keys', 'create', ...args])
  expect(code, stderr).toBe(0)
  return { key: stdout.trim(), id: stderr.split(' ')[0] }
}

describe('keys', () => {
  test('are created, listed and revoked beside the state, without the secrets of upstreams', async () => {
    await folder.write('gateway.yaml', EXAMPLE)
    expect(await folder.ok(['keys', 'list'])).toBe('no keys were made at run time\n')
    const bot = await created(
      'bot',
      '--tenant',
      'support',
      '--group',
      'everyday',
      '--group',
      'coding',
      '--requests-per-minute',
      '60',
      '--expires',
      '2100-01-01',
    )
    expect(bot.key).toMatch(/^pb-[0-9a-f]{64}$/)
    const other = await created('other', '--tokens-per-minute', '1000', '--no-teaching')
    const list = await folder.ok(['keys', 'list'])
    expect(list).toMatch(
      /^id +name +tenant +groups +requests\/min +tokens\/min +teaches +created +expires +revoked\n/,
    )
    expect(list).toMatch(
      new RegExp(`^${bot.id} +bot +support +everyday coding +60 +yes .*2100-01-01 00:00$`, 'm'),
    )
    expect(list).toMatch(new RegExp(`^${other.id} +other +all +1000 +no `, 'm'))
    expect(await folder.ok(['keys', 'revoke', 'bot'])).toBe(`${bot.id} (bot) is revoked\n`)
    const json = JSON.parse(await folder.ok(['keys', 'list', '--json']))
    expect(json).toMatchObject([
      { id: bot.id, expiresAt: '2100-01-01T00:00:00.000Z', teaches: true },
      { id: other.id, revokedAt: null, teaches: false },
    ])
    expect(json[0].revokedAt).not.toBeNull()
    const path = join(folder.path, 'paretobandit.db.keys')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(path, 'utf8')).not.toContain(bot.key.slice(3))
  })

  test('of a folder where no gateway has been started are said to be there', async () => {
    await folder.write('gateway.yaml', EXAMPLE)
    const create = async (name: string) => (await folder.run(['keys', 'create', name])).stderr
    expect(await create('early')).toMatch(
      /\nthere is no \/.*\/paretobandit\.db yet: a gateway that is started in another folder /,
    )
    await folder.write('paretobandit.db', '')
    expect(await create('later')).toMatch(/^key_[0-9a-f]{16} \(later\): this key is not shown again\n$/)
  })

  test('of processes at the same time are all there', async () => {
    await folder.write('gateway.yaml', EXAMPLE)
    const names = ['a', 'b', 'c', 'd']
    const results = await Promise.all(names.map((name) => folder.spawn(['keys', 'create', name])))
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    const { keys } = await listKeys(fileRecords(join(folder.path, 'paretobandit.db.keys')))
    expect(keys.map(({ name }) => name).sort()).toEqual(names)
  })

  test('are refused with one line for what the user can mend', async () => {
    await folder.refused(['keys', 'list'], /gateway\.yaml: cannot read it: no such file/)
    await folder.write('gateway.yaml', EXAMPLE)
    await folder.refused(
      ['keys', 'create', 'x', '--tenant', 'nobody'],
      /tenant: there is no tenant "nobody" in gateway\.yaml; known are /,
    )
    await folder.refused(
      ['keys', 'create', 'x', '--group', 'nothing'],
      /groups: no model is in group nothing in gateway\.yaml; known are /,
    )
    await folder.refused(['keys', 'create', 'x', '--expires', 'soon'], /expiresAt: expected a time such as/)
    await folder.refused(['keys', 'create', 'x', '--requests-per-minute', '0'], /whole number above 0/)
    await folder.refused(['keys', 'create', '../x'], /name: expected a name/)
    await folder.refused(['keys', 'revoke', 'nobody'], /there is no key "nobody"/)
    await folder.refused(
      ['keys', 'create', 'support-bot'],
      /name: expected a name that no other key has, got "support-bot", which a key of gateway\.yaml has/,
    )
    await folder.refused(
      ['keys', 'revoke', 'support-bot'],
      /key "support-bot" stands in the config: take it out there/,
    )
    await folder.write('memory.json', smallTree())
    await folder.refused(
      ['keys', 'list', '--config', 'memory.json'],
      /a store in memory is its process's own/,
    )
    await folder.write('away.json', {
      ...smallTree(),
      store: { kind: 'redis', url: 'redis://127.0.0.1:1', timeoutMs: 500 },
    })
    await folder.refused(['keys', 'list', '--config', 'away.json'], /its store cannot be reached/)
    await folder.write('unset.json', { ...smallTree(), store: { kind: 'redis', url: '$NOT_SET_AT_ALL' } })
    const { code, stderr } = await folder.run(['keys', 'list', '--config', 'unset.json'])
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('store.url: the environment variable NOT_SET_AT_ALL is not set'),
    ])
    await folder.write('bad.json', { ...smallTree(), listen: 3 })
    expect((await folder.run(['keys', 'list', '--config', 'bad.json'])).stderr).toContain(
      'listen: expected an object',
    )
  })
})

describe.skipIf(!hasRedis)('keys in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(async () => {
    await server.kill()
  })

  test('are those of every process', async () => {
    const store = { kind: 'redis', url: server.url, prefix: 'team' }
    await folder.write('gateway.yaml', { ...smallTree(), store })
    const { id } = await created('bot')
    expect(await folder.ok(['keys', 'revoke', id])).toBe(`${id} (bot) is revoked\n`)
    expect(await folder.ok(['keys', 'list'])).toContain(id)
    expect(await server.command('HLEN', '{team}:records')).toBe(1)
  })

  test('are copied from the store of another config, and what is there stays as it is', async () => {
    await folder.write('file.json', { ...smallTree(), store: { kind: 'sqlite', file: 'gw.db' } })
    await folder.write('redis.json', {
      ...smallTree(),
      store: { kind: 'redis', url: server.url, prefix: 'copy' },
    })
    const one = await created('one', '--config', 'file.json')
    const other = await created('other', '--config', 'file.json')
    const copy = ['keys', 'copy', 'file.json', '--config', 'redis.json']
    expect(await folder.ok(copy)).toBe('2 records of file.json copied, 0 were there\n')
    await folder.ok(['keys', 'revoke', 'one', '--config', 'redis.json'])
    const late = await created('late', '--config', 'file.json')
    expect(await folder.ok(copy)).toBe('1 record of file.json copied, 2 were there\n')
    const keys = JSON.parse(await folder.ok(['keys', 'list', '--json', '--config', 'redis.json']))
    expect(
      keys.map(({ id, revokedAt }: { id: string; revokedAt: unknown }) => [id, revokedAt === null]),
    ).toEqual(
      expect.arrayContaining([
        [one.id, false],
        [other.id, true],
        [late.id, true],
      ]),
    )
    await folder.refused(
      ['keys', 'copy', 'none.json', '--config', 'redis.json'],
      /none\.json: cannot read it: no such file/,
    )
  })
})
