import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as zlib from 'node:zlib'
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import { Break } from '../../../src/gateway/upstreams/break.js'
import type { UpstreamBody } from '../../../src/gateway/upstreams/call.js'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function urlOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

function call(url: string, broken = new Break()) {
  return undiciUpstream()({
    url,
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
    signal: broken.signal,
    onBroken: (listener) => broken.onBroken(listener),
  })
}

describe('an upstream by undici', () => {
  it('gets the request, and its answer is read whole, however much it is and however late', async () => {
    const length = 8 * 1024 * 1024
    const url = await urlOf((request, response) => {
      let text = ''
      request.on('data', (piece) => {
        text += piece
      })
      request.on('end', () => response.writeHead(201, { 'x-got': text }).end(Buffer.alloc(length, 7)))
    })
    const { status, header, body } = await call(url).then((answer) => ({
      status: answer.status,
      header: answer.header('x-got'),
      body: answer.body,
    }))
    expect([status, header]).toEqual([201, '{"a":1}'])
    // More than is held has come when the first of it is read.
    await new Promise((resolve) => setTimeout(resolve, 50))
    let count = 0
    for (let next = await body.next(); next.done !== true; next = await body.next()) {
      expect(next.value.every((byte) => byte === 7)).toBe(true)
      count += next.value.byteLength
    }
    expect(count).toBe(length)
  })

  it('that breaks off in the middle has all that it sent before, and then fails', async () => {
    const url = await urlOf((_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('abc', () => response.destroy())
    })
    const { body } = await call(url)
    const { value } = await body.next()
    expect(new TextDecoder().decode(value)).toBe('abc')
    await expect(body.next()).rejects.toThrow()
  })

  it('is not asked where the call was broken off before there was a connection', async () => {
    let requests = 0
    const url = await urlOf((_request, response) => {
      requests++
      response.end()
    })
    const broken = new Break()
    const answer = call(url, broken)
    broken.breakOff()
    await expect(answer).rejects.toThrow('the call was broken off')
    expect(requests).toBe(0)
  })

  it('answers as many at a time as are asked, each on a connection of its own', async () => {
    const url = await urlOf((_request, response) => response.write('abc'))
    const upstream = undiciUpstream()
    const broken = new Break()
    const { signal } = broken
    const ask = () =>
      upstream({ url, headers: {}, body: '{}', signal, onBroken: (each) => broken.onBroken(each) })
    const answers = await Promise.all(Array.from({ length: 1500 }, ask))
    const firsts = await Promise.all(answers.map(({ body }) => body.next()))
    expect(firsts.filter(({ done }) => done !== true)).toHaveLength(1500)
    broken.breakOff()
  })

  it('loses its connection where nobody wants the rest', async () => {
    let tell: () => void = () => {}
    const left = new Promise<void>((resolve) => {
      tell = resolve
    })
    const url = await urlOf((_request, response) => {
      response.on('close', tell)
      response.write('abc')
    })
    const { body } = await call(url)
    await body.next()
    const next = body.next()
    await body.return?.()
    await expect(next).rejects.toThrow('the call was broken off')
    await left
  })
})

describe('an answer that is compressed, though it was asked not to be', () => {
  const TEXT = 'data: {"a":"é"}\n\n'.repeat(1000)
  const read = async (body: UpstreamBody) => {
    const chunks: Uint8Array[] = []
    for (let next = await body.next(); next.done !== true; next = await body.next()) chunks.push(next.value)
    return Buffer.concat(chunks).toString()
  }

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is read: %s', async (encoding, compress) => {
    const bytes = compress(TEXT)
    const url = await urlOf((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding })
      response.write(bytes.subarray(0, 1), () => response.end(bytes.subarray(1)))
    })
    expect(await read((await call(url)).body)).toBe(TEXT)
  })

  it('is given on as it comes, and its call ends where nobody reads on', async () => {
    let closed = () => {}
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve
    })
    const url = await urlOf((_request, response) => {
      response.on('close', closed)
      response.writeHead(200, { 'content-encoding': 'gzip' })
      const packer = createGzip()
      packer.pipe(response)
      packer.write('data: 1\n\n')
      packer.flush()
    })
    const { body } = await call(url)
    expect(Buffer.from((await body.next()).value ?? []).toString()).toBe('data: 1\n\n')
    await body.return?.()
    await isClosed
  })

  it.each([
    ['no bytes of the kind', Buffer.from('{"a":1}'), 'incorrect header check'],
    ['a part of them', gzipSync(TEXT).subarray(0, 40), null],
  ])('fails, or is what came of it: %s', async (_, bytes, message) => {
    const url = await urlOf((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(bytes)
    })
    const { body } = await call(url)
    if (message === null) expect(TEXT.startsWith(await read(body))).toBe(true)
    else await expect(read(body)).rejects.toThrow(message)
  })

  it('is read where it was compressed twice', async () => {
    const url = await urlOf((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'br, gzip' })
      response.end(gzipSync(brotliCompressSync(TEXT)))
    })
    expect(await read((await call(url)).body)).toBe(TEXT)
  })

  it.runIf('zstdCompressSync' in zlib)('is read: zstd, where Node can', async () => {
    const { zstdCompressSync: compress } = zlib as unknown as { zstdCompressSync: (text: string) => Buffer }
    const url = await urlOf((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'zstd' }).end(compress(TEXT))
    })
    expect(await read((await call(url)).body)).toBe(TEXT)
  })

  it.each([
    ['compress', 200],
    ['dcz', 429],
    ['gzip, compress', 200],
    ['gzip, gzip, gzip, gzip', 200],
    ...('zstdCompressSync' in zlib ? [] : ([['zstd', 200]] as const)),
  ] as const)(
    'has its status, and fails with what it is where it cannot be read: %s',
    async (encoding, told) => {
      const url = await urlOf((_request, response) => {
        response.writeHead(told, { 'content-encoding': encoding }).end(gzipSync(TEXT))
      })
      const { status, body } = await call(url)
      expect(status).toBe(told)
      await expect(body.next()).rejects.toMatchObject({
        code: 'upstream_malformed',
        message: expect.stringContaining(`content-encoding "${encoding}"`),
      })
    },
  )

  it('is as it came where the encoding is unknown, or none', async () => {
    for (const encoding of ['identity', 'constructor', 'x', 'utf-8', 'x, identity', '', ',']) {
      const url = await urlOf((_request, response) => {
        response.writeHead(200, { 'content-encoding': encoding })
        response.end(TEXT)
      })
      expect(await read((await call(url)).body)).toBe(TEXT)
    }
  })
})
