import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable, type ReadableOptions } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { inherits } from 'node:util'
import { describe, expect, it } from 'vitest'
import { makeBench, X } from '../support/router.js'

const MODELS = [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 10 }]
const PIECES = ['one ', 'two ', 'three ', 'four']
const SIZE = { inputTokens: 1000, expectedOutputTokens: 100 } as const

async function bench() {
  const { router } = await makeBench({ policy: 'dollar', models: MODELS, forcedExploration: 0 })
  const told: string[] = []
  for (const kind of ['settled', 'failed', 'cancelled'] as const) router.on(kind, () => told.push(kind))
  return { router, told }
}

async function* pieces(): AsyncGenerator<string> {
  yield* PIECES
}

/** A class in the older style: nothing static is inherited. */
function OldReadable(this: Readable, options: ReadableOptions): void {
  Readable.call(this, options)
}
inherits(OldReadable, Readable)

const SOURCES: readonly [string, () => Readable][] = [
  ['Readable.from', () => Readable.from(PIECES)],
  ['bytes', () => Readable.from(PIECES, { objectMode: false })],
  ['a PassThrough', () => Readable.from(PIECES).pipe(new PassThrough({ objectMode: true }))],
  [
    'a class made by util.inherits',
    () => {
      const left = [...PIECES, null]
      const read = function (this: Readable) {
        this.push(left.shift() ?? null)
      }
      return Reflect.construct(OldReadable, [{ read }]) as Readable
    },
  ],
]

const READERS: readonly [string, (stream: Readable) => Promise<string>][] = [
  ['for await', text],
  [
    'pipe',
    async (stream) => {
      const sink = new PassThrough()
      stream.pipe(sink)
      return text(sink)
    },
  ],
  [
    'pipeline',
    async (stream) => {
      const sink = new PassThrough()
      const [read] = await Promise.all([text(sink), pipeline(stream, sink)])
      return read
    },
  ],
  [
    "on('data')",
    (stream) =>
      new Promise((resolve, reject) => {
        let read = ''
        stream.on('data', (piece) => {
          read += String(piece)
        })
        stream.on('end', () => resolve(read)).on('error', reject)
      }),
  ],
  [
    'toWeb',
    async (stream) => {
      let read = ''
      for await (const piece of Readable.toWeb(stream))
        read += typeof piece === 'string' ? piece : Buffer.from(piece).toString()
      return read
    },
  ],
  ['toArray', async (stream) => (await stream.toArray()).map(String).join('')],
]

describe.each(SOURCES)('a stream of Node: %s', (_, source) => {
  it.each(READERS)('is read whole by %s, and booked', async (_, reader) => {
    const { router, told } = await bench()
    const { answer } = await router.run(X, SIZE, source)
    expect(answer).toBeInstanceOf(Readable)
    expect(told).toEqual([])
    expect(await reader(answer)).toBe(PIECES.join(''))
    expect(told).toEqual(['settled'])
  })

  it('that is destroyed is cancelled, begun or not, and its source is told', async () => {
    for (const isBegun of [false, true]) {
      const { router, told } = await bench()
      let stream: Readable | undefined
      const { answer } = await router.run(X, SIZE, () => {
        stream = source()
        return stream
      })
      const closed = new Promise((resolve) => answer.on('close', resolve))
      if (isBegun) await new Promise((resolve) => answer.once('data', resolve))
      answer.destroy()
      await closed
      expect(told).toEqual(['cancelled'])
      expect(stream?.destroyed).toBe(true)
    }
  })
})

it('a stream of Node that breaks says so to whoever reads it, and its model has failed', async () => {
  const { router, told } = await bench()
  async function* broken() {
    yield 'a'
    throw new Error('gone')
  }
  const { answer } = await router.run(X, SIZE, () => Readable.from(broken()))
  const error = new Promise((resolve) => answer.on('error', resolve))
  answer.resume()
  expect(await error).toMatchObject({ message: 'gone' })
  expect(told).toEqual(['failed'])
})

it('an answer of http keeps its head, and its body can be piped', async () => {
  const { router, told } = await bench()
  const server = createServer((_, response) => {
    response.writeHead(200, { 'x-name': 'a' })
    for (const piece of PIECES) response.write(piece)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    const { answer } = await router.run(
      X,
      SIZE,
      () =>
        new Promise<IncomingMessage>((resolve, reject) => {
          get({ port, host: '127.0.0.1' }, resolve).on('error', reject)
        }),
    )
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['x-name']).toBe('a')
    const sink = new PassThrough()
    answer.pipe(sink)
    expect(await text(sink)).toBe(PIECES.join(''))
    expect(told).toEqual(['settled'])
  } finally {
    server.close()
  }
})

describe('a generator', () => {
  it('gives all its events to whoever calls next, and is booked', async () => {
    const { router, told } = await bench()
    const { answer } = await router.run(X, SIZE, pieces)
    const read: unknown[] = []
    for (let next = await answer.next(); next.done !== true; next = await answer.next()) read.push(next.value)
    expect(read).toEqual(PIECES)
    expect(told).toEqual(['settled'])
  })

  it('that is read in part by next goes on in a loop', async () => {
    const { router, told } = await bench()
    const { answer } = await router.run(X, SIZE, pieces)
    const first = await answer.next()
    const rest: string[] = []
    for await (const piece of answer) rest.push(piece)
    expect([first.value, ...rest]).toEqual(PIECES)
    expect(told).toEqual(['settled'])
  })

  it('is cancelled by return and by throw', async () => {
    for (const leave of [
      (answer: AsyncGenerator<string>) => answer.return(undefined),
      (answer: AsyncGenerator<string>) => expect(answer.throw(new Error('no'))).rejects.toThrow('no'),
    ]) {
      const { router, told } = await bench()
      const { answer } = await router.run(X, SIZE, pieces)
      await leave(answer)
      expect(told).toEqual(['cancelled'])
    }
  })
})
