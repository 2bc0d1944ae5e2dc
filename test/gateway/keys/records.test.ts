import { spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBesideLog } from '../../../src/gateway/node/beside-log.js'
import { fileNotes } from '../../../src/gateway/node/file-notes.js'
import { fileRecords } from '../../../src/gateway/node/file-records.js'
import { RedisCluster } from '../../support/redis-cluster.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import { RECORD_STORES, redisOf, tempFile } from './record-stores.js'

let redis: RedisServer | null = null
beforeAll(async () => {
  if (hasRedis) redis = await RedisServer.start()
})
afterAll(async () => {
  await redis?.kill()
})

describe.each(RECORD_STORES.filter(([, , needsRedis]) => hasRedis || !needsRedis))(
  'records in %s',
  (_, open) => {
    it('are seen by who put them and by others, with a mark that changes', async () => {
      const [one, other] = await open(redis?.url ?? '')
      expect([...(await one.read())]).toEqual([])
      const marks = [await other.version()]
      await one.put('key:a', { name: 'ü\n"' })
      marks.push(await other.version())
      await other.put('key:b', { n: 1 })
      marks.push(await one.version())
      await other.put('key:a', { name: 'x' })
      marks.push(await one.version())
      await one.remove('key:b')
      marks.push(await other.version())
      expect(await other.version()).toBe(marks.at(-1))
      expect(new Set(marks).size).toBe(marks.length)
      for (const records of [one, other])
        expect([...(await records.read())]).toEqual([['key:a', { name: 'x' }]])
      await one.close()
      if (other !== one) await other.close()
    })

    it('of two who write at once are all there', async () => {
      const [one, other] = await open(redis?.url ?? '')
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          (i % 2 === 0 ? one : other).put(`key:${i}`, { i, pad: 'x'.repeat(2000) }),
        ),
      )
      expect((await one.read()).size).toBe(100)
      await one.close()
      if (other !== one) await other.close()
    })
  },
)

describe('the file of records', () => {
  it('is for its owner alone', async () => {
    const path = tempFile()
    await fileRecords(path).put('a', {})
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it.skipIf(process.getuid?.() !== 0)(
    'is of whoever has the state, though a superuser makes it',
    async () => {
      const path = tempFile()
      const [folder, state, elsewhere] = [dirname(path), path.replace(/\.keys$/, ''), `${path}.elsewhere`]
      chownSync(folder, 4001, 4001)
      await fileRecords(path, state).put('a', {})
      expect([statSync(path).uid, statSync(path).mode & 0o777]).toEqual([4001, 0o600])
      // One of an earlier release.
      writeFileSync(state, '')
      chownSync(state, 4002, 4003)
      chownSync(path, 0, 0)
      const records = fileRecords(path, state)
      await records.put('b', {})
      expect([statSync(path).uid, statSync(path).gid]).toEqual([4002, 4003])
      appendFileSync(path, '{"id":"a","value":{}}\n'.repeat(2000))
      await records.compact()
      expect([statSync(path).uid, [...(await records.read()).keys()]]).toEqual([4002, ['a', 'b']])
      const notes = await fileNotes(
        `${state}.notes`,
        () => 10,
        () => {},
      )
      await notes.put('adjustments', 'a', {})
      await notes.close()
      expect(statSync(`${state}.notes`).uid).toBe(4001)
      // What stands elsewhere is nobody's to be given.
      rmSync(path)
      symlinkSync(elsewhere, path)
      await records.put('c', {})
      expect([statSync(elsewhere).uid, [...(await records.read()).keys()]]).toEqual([0, ['c']])
    },
  )

  it.each([
    '{"id":"b","val',
    '\u0000\u0000\u0000',
    'null',
    '{"id":1,"value":{}}',
    '{"id":"b","value":3}',
    '[]',
  ])('passes over a line that is torn or no record: %j', async (torn) => {
    const path = tempFile()
    const records = fileRecords(path)
    await records.put('a', { n: 1 })
    appendFileSync(path, torn)
    expect([...(await records.read())]).toEqual([['a', { n: 1 }]])
    await records.put('c', { n: 2 })
    expect([...(await records.read()).keys()]).toEqual(['a', 'c'])
  })

  it('cut at any byte has what was whole by then', async () => {
    const path = tempFile()
    const records = fileRecords(path)
    for (const id of ['a', 'b', 'c']) await records.put(id, { id })
    const bytes = readFileSync(path)
    const wrong: number[] = []
    let before = 0
    for (let end = 0; end <= bytes.length; end++) {
      writeFileSync(path, bytes.subarray(0, end))
      const { size } = await records.read()
      if (size < before || size > 3) wrong.push(end)
      before = size
    }
    expect(wrong).toEqual([])
    expect(before).toBe(3)
  })

  describe('with a line that was written whole and is damaged', () => {
    const hash = '5f0c'.repeat(4)
    const id = `key:key_${hash}`

    it.each([
      ['its braces', (line: string) => line.replace('}}', '}')],
      ['the name of its id', (line: string) => line.replace('"id"', '"ie"')],
      ['the name of its value', (line: string) => line.replace('"value"', '"vXlue"')],
      ['its end', (line: string) => `${line.slice(0, -1)}]`],
    ])('has no readable record of what that named: %s', async (_, damage) => {
      const path = tempFile()
      const records = fileRecords(path)
      await records.put(id, { n: 1 })
      await records.put('model:m', { n: 1 })
      const before = readFileSync(path, 'utf8')
      await records.put(id, { n: 2 })
      const line = readFileSync(path, 'utf8').slice(before.length).trim()
      await records.put('model:n', { n: 3 })
      const damaged = damage(line)
      writeFileSync(path, readFileSync(path, 'utf8').replace(line, damaged))
      const found = [
        [id, { damagedLine: damaged }],
        ['model:m', { n: 1 }],
        ['model:n', { n: 3 }],
      ]
      expect([...(await records.read())]).toEqual(found)
      // Rewriting it forgets no damage.
      for (let i = 0; i < 1100; i++) appendFileSync(path, '\n{"id":"model:n","value":{"n":3}}\n')
      await records.compact()
      expect(statSync(path).size).toBeLessThan(1000)
      expect([...(await records.read())]).toEqual(found)
      // A later word counts.
      await records.put(id, { n: 4 })
      expect((await records.read()).get(id)).toEqual({ n: 4 })
    })

    it('has one that nobody can read where it names nothing that is known', async () => {
      const path = tempFile()
      const records = fileRecords(path)
      await records.put(id, { n: 1 })
      writeFileSync(path, readFileSync(path, 'utf8').replace('"value":', '"value"'))
      expect([...(await records.read())]).toMatchObject([
        [expect.stringMatching(/^key:damaged-/), { damagedLine: expect.stringContaining(hash) }],
      ])
    })

    it('may be one of those that were rewritten', async () => {
      const path = tempFile()
      const records = fileRecords(path)
      for (let i = 0; i < 1100; i++) appendFileSync(path, `\n{"id":"model:n","value":{"n":${i}}}\n`)
      await records.put(id, { n: 1 })
      await records.compact()
      await records.put(id, { n: 2 })
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, text.replace('{"n":1099}', '{"n"1099}'))
      expect([...(await records.read())]).toMatchObject([
        [expect.stringMatching(/^key:damaged-/), {}],
        [id, { n: 2 }],
      ])
    })
  })

  it('is rewritten when most of it is stale, and stays for its owner alone', async () => {
    const path = tempFile()
    const records = fileRecords(path)
    const stale = Array.from({ length: 3000 }, (_, i) => `\n{"id":"a","value":{"i":${i}}}\n`).join('')
    await records.put('b', { n: 1 })
    appendFileSync(path, stale)
    await records.compact()
    expect(statSync(path).size).toBeLessThan(200)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await records.remove('b')
    expect([...(await fileRecords(path).read())]).toEqual([['a', { i: 2999 }]])
  })

  it('is kept short by the process that holds the state, from its start on, and by no other', async () => {
    const file = tempFile()
    const path = `${file}.keys`
    appendFileSync(path, '\n{"id":"a","value":{"i":1}}\n'.repeat(3000))
    const size = statSync(path).size
    await openBesideLog({ kind: 'sqlite', file })
    expect(statSync(path).size).toBe(size)
    const { records } = await openBesideLog({ kind: 'sqlite', file }, true)
    expect(statSync(path).size).toBeLessThan(200)
    for (let i = 0; i < 3500; i++) await records.put('b', { i })
    expect(statSync(path).size).toBeLessThan(2500 * '\n{"id":"b","value":{"i":1000}}\n'.length)
    expect([...(await records.read())]).toEqual([
      ['a', { i: 1 }],
      ['b', { i: 3499 }],
    ])
  })

  it('of a process that died while it was rewritten has all, the later word last', async () => {
    const path = tempFile()
    const records = fileRecords(path)
    await records.put('a', { n: 1 })
    await records.put('b', { n: 1 })
    const rewritten = readFileSync(path, 'utf8').replace(/^\n/gm, '')
    // Between reading and renaming somebody revoked `a`, and died; afterwards `b` was changed.
    await records.put('a', { n: 2 })
    writeFileSync(`${path}.old`, readFileSync(path))
    writeFileSync(path, `${rewritten}\n{"anew":true}\n`)
    await records.put('b', { n: 3 })
    const all = new Map([
      ['a', { n: 2 }],
      ['b', { n: 3 }],
    ])
    expect(await records.read()).toEqual(all)
    await records.compact()
    expect(existsSync(`${path}.old`)).toBe(false)
    expect(await records.read()).toEqual(all)
  })

  it('loses no line of others while it is rewritten', async () => {
    const path = tempFile()
    const [server, command] = [fileRecords(path), fileRecords(path)]
    const stale = '\n{"id":"x","value":{"i":1}}\n'.repeat(1500)
    for (let round = 0; round < 5; round++) {
      await command.put('first', { round })
      appendFileSync(path, stale)
      const puts = Array.from({ length: 20 }, (_, i) => command.put(`k${round}-${i}`, { i }))
      await server.compact()
      await Promise.all(puts)
    }
    expect((await server.read()).size).toBe(102)
  })

  it('that cannot be read is told, and not taken for an empty one', async () => {
    const path = tempFile()
    await fileRecords(path).put('a', {})
    await expect(fileRecords(`${path}/x`).read()).rejects.toThrow('ENOTDIR')
    await expect(fileRecords(`${path}/x`).version()).rejects.toThrow('ENOTDIR')
    if (process.getuid?.() === 0) return
    chmodSync(path, 0)
    await expect(fileRecords(path).read()).rejects.toThrow('EACCES')
  })

  it('keeps every acknowledged line of processes that are killed', async () => {
    const path = tempFile()
    const outfile = `${path}.mjs`
    const entryPoints = ['src/gateway/node/file-records.ts']
    await build({ entryPoints, outfile, bundle: true, format: 'esm', platform: 'node' })
    const script = `
      import { fileRecords } from ${JSON.stringify(outfile)}
      const records = fileRecords(${JSON.stringify(path)})
      for (let i = 0; ; i++) {
        await records.put(process.pid + '-' + i, { pad: 'x'.repeat(500) })
        console.log(process.pid + '-' + i)
      }`
    const acknowledged: string[] = []
    await Promise.all(
      [150, 220].map(
        (ms) =>
          new Promise<void>((resolve) => {
            const child = spawn(process.execPath, ['--input-type=module', '-e', script])
            let text = ''
            child.stdout.on('data', (chunk: Buffer) => {
              text += chunk.toString()
              if (text.length === chunk.length) setTimeout(() => child.kill('SIGKILL'), ms)
            })
            child.on('close', () => {
              acknowledged.push(...text.split('\n').slice(0, -1))
              resolve()
            })
          }),
      ),
    )
    const records = await fileRecords(path).read()
    expect(acknowledged.length).toBeGreaterThan(2)
    expect(acknowledged.filter((id) => !records.has(id))).toEqual([])
  })
})

describe.skipIf(!hasRedis)('records in a Redis that goes away', () => {
  it('reject within the timeout, and are back when it is', async () => {
    const server = await RedisServer.start()
    const records = await redisOf(server.url, 'p', 300)
    await records.put('key:a', { n: 1 })
    server.pause()
    await expect(records.version()).rejects.toThrow('within 300 ms')
    server.resume()
    await server.kill()
    await expect(records.read()).rejects.toThrow()
    await expect(records.put('key:b', {})).rejects.toThrow()
    await server.restart()
    await expect
      .poll(() => records.read().catch(() => null), { timeout: 10_000 })
      .toEqual(new Map([['key:a', { n: 1 }]]))
    await records.close()
    await server.kill()
  })

  it('is told when it is not there at all', async () => {
    await expect(redisOf('redis://127.0.0.1:1', 'p', 500)).rejects.toThrow()
  })
})

describe.skipIf(!hasRedis)('records in a cluster of Redis', () => {
  it('are where the log is, whichever node the URL names, and come back when another node has them', async () => {
    const cluster = await RedisCluster.start({ 'cluster-require-full-coverage': 'no' })
    try {
      const all = await Promise.all(cluster.nodes.map(({ server }) => redisOf(server.url, 'p', 2000)))
      for (const [i, records] of all.entries()) await records.put(`key:${i}`, { i })
      const found = new Map([0, 1, 2].map((i) => [`key:${i}`, { i }]))
      for (const records of all) expect(await records.read()).toEqual(found)
      // Their node is gone: a copy has them. Whoever has heard of no other node waits for that one.
      const owner = await cluster.ownerOf('{p}:records')
      const others = all.filter((_, i) => cluster.nodes[i] !== owner)
      expect(others).toHaveLength(2)
      await cluster.follower(owner)
      await cluster.settled()
      await owner.server.kill()
      for (const records of others)
        await expect.poll(() => records.read().catch(() => null), { timeout: 20_000 }).toEqual(found)
      await Promise.all(others.map((records, i) => records.put(`key:${i}`, { i: i + 10 })))
      for (const records of others) expect((await records.read()).get('key:1')).toEqual({ i: 11 })
      for (const records of all) await records.close()
    } finally {
      await cluster.stop()
    }
  })
})
