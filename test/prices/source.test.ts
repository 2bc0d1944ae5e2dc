import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { importPrices } from '../../src/prices/index.js'
import { LITELLM } from './lists.js'

const MODELS = { m: 'amazon.nova-lite-v1:0' }
const LIST = JSON.stringify(LITELLM)
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'paretobandit-prices-'))
  ends.push(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A server of this machine. @returns its address */
async function server(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const http = createServer(answer)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    http.closeAllConnections()
    return new Promise((resolve) => http.close(resolve))
  })
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

const unreadable = (source: string | URL, message: RegExp, options: object = {}) =>
  expect(importPrices(source, { models: MODELS, ...options })).rejects.toMatchObject({
    code: 'PRICES_UNREADABLE',
    message: expect.stringMatching(message),
  })

it('an address of a file is told to be a path', async () => {
  await unreadable(
    'file:///tmp/list.json',
    /^file:\/\/\/tmp\/list\.json: expected https, .* or a path without file:/,
  )
})

describe('a file', () => {
  it('is read, with a byte order mark or without', async () => {
    const path = join(await folder(), 'list.json')
    for (const text of [LIST, `\ufeff${LIST}`]) {
      await writeFile(path, text)
      const { models, source } = await importPrices(path, { models: MODELS })
      expect(models[0].inputUsdPerMTok).toBe(0.06)
      expect(source).toBe(path)
    }
  })

  it('or an answer that is not UTF-8 is refused with its line and byte', async () => {
    const latin = Buffer.from(`{\n"caf\u00e9": {}, ${LIST.slice(1)}`, 'latin1')
    const path = join(await folder(), 'latin.json')
    await writeFile(path, latin)
    await unreadable(path, /latin\.json: .*byte 5 of line 2 is 0xe9, not UTF-8/)
    const url = await server((_, response) => response.end(latin))
    await unreadable(`${url}/l.json`, /byte 5 of line 2 is 0xe9, not UTF-8/)
  })

  it('or an answer of another kind is named, with what makes a text of it', async () => {
    const wide = Buffer.from(`\ufeff${LIST}`, 'utf16le')
    const kinds: [string, Buffer, RegExp][] = [
      ['list.json.gz', gzipSync(LIST), /it is compressed by gzip: use 'gunzip -c' first/],
      ['wide.json', wide, /it is UTF-16: use 'iconv -f UTF-16 -t UTF-8' first/],
      ['swapped.json', Buffer.from(wide).swap16(), /it is UTF-16/],
      ['list.zip', Buffer.concat([Buffer.from('PK\x03\x04'), gzipSync(LIST)]), /it is a ZIP archive/],
    ]
    const url = await server((request, response) =>
      response.end(kinds.find(([name]) => request.url === `/${name}`)?.[1]),
    )
    for (const [name, bytes, message] of kinds) {
      const path = join(await folder(), name)
      await writeFile(path, bytes)
      await unreadable(path, message)
      await unreadable(`${url}/${name}`, message)
    }
  })

  it('that is not there, too long, a folder or no JSON is refused by name', async () => {
    const path = await folder()
    await unreadable(join(path, 'gone.json'), /gone\.json: it cannot be read: no such file/)
    await unreadable(path, /expected a file, it is a folder/)
    await writeFile(join(path, 'long.json'), LIST)
    await unreadable(join(path, 'long.json'), /expected at most 100 bytes, it has \d+/, { bytesMax: 100 })
    await writeFile(join(path, 'bad.json'), LIST.slice(0, -1))
    await expect(importPrices(join(path, 'bad.json'), { models: MODELS })).rejects.toMatchObject({
      code: 'PRICES_INVALID',
      message: expect.stringContaining('bad.json: expected a price list in JSON'),
    })
  })

  it.skipIf(process.platform === 'win32')('that never ends is refused: a pipe, a device', async () => {
    const pipe = join(await folder(), 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    await unreadable(pipe, /pipe: expected a file, it is a pipe or a device/)
    await unreadable('/dev/zero', /zero: expected a file, it is a pipe or a device/)
  })

  it('may be read by another reader', async () => {
    const readFile = async (path: string) => (path === 'prices' ? LIST : '')
    expect((await importPrices('prices', { models: MODELS, readFile })).format).toBe('litellm')
    await unreadable('prices', /expected at most 10 bytes/, { readFile, bytesMax: 10 })
  })
})

describe('a URL', () => {
  it('is read, and where it leads on to', async () => {
    const url = await server(({ url: path }, response) => {
      if (path === '/list?token=s3cret') response.end(LIST)
      else response.writeHead(302, { location: '/list?token=s3cret' }).end()
    })
    for (const each of [`${url}/moved`, new URL(`${url}/list?token=s3cret`)]) {
      const { models, source } = await importPrices(each, { models: MODELS })
      expect(models[0].outputUsdPerMTok).toBe(0.24)
      expect(source).not.toContain('s3cret')
    }
  })

  it('that has no list, does not answer, is too long or goes round in a circle is refused', async () => {
    const url = await server(({ url: path = '' }, response) => {
      if (path === '/gone?key=s3cret') response.writeHead(404).end('s3cret')
      else if (path === '/slow') response.flushHeaders()
      else if (path === '/long') {
        // Without a length: it is counted as it comes.
        response.write(' '.repeat(5000))
        response.end(' '.repeat(5000))
      } else if (path === '/said') response.end(' '.repeat(9000))
      else if (path === '/no-json') response.end('<html>')
      else if (path === '/away') response.writeHead(302, { location: 'http://example.com/' }).end()
      else if (path === '/nowhere') response.writeHead(302, { location: 'http://[' }).end()
      else response.writeHead(302, { location: path }).end()
    })
    await unreadable(`${url}/gone?key=s3cret`, /^http:\/\/127\.0\.0\.1:\d+\/gone\?…: expected 200, got 404$/)
    await unreadable(`${url}/slow`, /no answer within 50 ms/, { timeoutMs: 50 })
    await unreadable(`${url}/long`, /expected at most 8000 bytes/, { bytesMax: 8000 })
    await unreadable(`${url}/said`, /expected at most 8000 bytes/, { bytesMax: 8000 })
    await unreadable(`${url}/round`, /leads on more than 5 times/)
    await unreadable(`${url}/away`, /expected https, or http on localhost/)
    await unreadable(`${url}/nowhere`, /leads to no address/)
    await unreadable(`${url}/gone?key=s3cret`, /^the list: expected 200, got 404$/, { name: 'the list' })
    await expect(importPrices(`${url}/no-json`, { models: MODELS })).rejects.toMatchObject({
      code: 'PRICES_INVALID',
    })
    const signal = AbortSignal.abort()
    await unreadable(`${url}/slow`, /broken off/, { signal })
  })

  it('may not be plain http elsewhere, have a password, or be invalid', async () => {
    const never = () => Promise.reject(new Error('asked'))
    for (const [url, message] of [
      ['http://example.com/list', /^http:\/\/example\.com\/list: expected https, or http on localhost/],
      ['http://localhost.example.com/', /expected https/],
      ['ftp://example.com/list', /expected https/],
      ['file:///etc/passwd', /expected https/],
      ['https://me:s3cret@example.com/', /^https:\/\/example\.com\/: expected no user and no password/],
      ['https://[', /expected an address/],
    ] as const)
      await unreadable(url, message, { fetch: never })
  })

  it('leads to this machine and its network from these alone', async () => {
    const lookup = async (name: string) =>
      name === 'inner.example' ? ['203.0.113.7', 'fd00::1'] : ['203.0.113.7']
    for (const location of [
      'http://127.0.0.1/admin',
      'https://0x7f.1/',
      'https://[::ffff:10.0.0.1]/',
      'https://inner.example/',
    ]) {
      const asked: string[] = []
      const fetch = async (url: string | URL | Request) => {
        asked.push(String(url))
        return new Response(null, { status: 302, headers: { location } })
      }
      await unreadable('https://example.com/list', /leads to this machine or its network/, { fetch, lookup })
      expect(asked).toEqual(['https://example.com/list'])
    }
    const fetch = async (url: string | URL | Request) =>
      String(url).startsWith('https://inner.example')
        ? new Response(null, { status: 302, headers: { location: 'https://10.1.2.3/list' } })
        : new Response(LIST)
    expect((await importPrices('https://inner.example/', { models: MODELS, fetch, lookup })).format).toBe(
      'litellm',
    )
    const outer = async (url: string | URL | Request) =>
      String(url).startsWith('https://example.com')
        ? new Response(null, { status: 302, headers: { location: 'https://other.example/list' } })
        : new Response(LIST)
    const { format } = await importPrices('https://example.com/', { models: MODELS, fetch: outer, lookup })
    expect(format).toBe('litellm')
  })

  it('that leads to a file, or to an address with a password, is refused before anything is looked up', async () => {
    const never = () => Promise.reject(new Error('looked up'))
    for (const [location, message] of [
      ['file:///etc/passwd', /expected https/],
      ['https://me:s3cret@other.example/', /expected no user and no password/],
    ] as const) {
      const fetch = async () => new Response(null, { status: 302, headers: { location } })
      await unreadable('https://example.com/list', message, { fetch, lookup: never })
    }
  })

  it('whose next name is never looked up to an end takes as long as it may', async () => {
    const fetch = async () =>
      new Response(null, { status: 302, headers: { location: 'https://other.example/' } })
    const lookup = () => new Promise<string[]>(() => {})
    await unreadable('https://example.com/', /no answer within 20 ms/, { fetch, lookup, timeoutMs: 20 })
  })

  it('that cannot be reached is told by the code of the failure, without words of others', async () => {
    await unreadable('http://127.0.0.1:1/list?key=s3cret', /\/list\?…: it cannot be reached(: [A-Z_]+)?$/)
    const fetch = () => Promise.reject(new TypeError('bad https://x/?key=s3cret'))
    await unreadable(
      'https://example.com/?key=s3cret',
      /^https:\/\/example\.com\/\?…: it cannot be reached$/,
      {
        fetch,
      },
    )
  })
})
