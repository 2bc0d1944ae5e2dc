import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import { Break } from '../../../src/gateway/upstreams/break.js'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const answerOf = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`
/** What is sent next is a packet of its own. */
const LATER = null
/** The connection ends. */
const END = 'the end'

/** Three requests, one after the other, each answered so. */
async function asked(...parts: readonly (string | null)[]): Promise<string[]> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      if (!bytes.toString().endsWith('}')) return
      const left = parts.slice()
      const write = () => {
        for (let part = left.shift(); part !== undefined; part = left.shift()) {
          if (part === LATER) return void setTimeout(write, 5)
          if (part === END) socket.end()
          else socket.write(part)
        }
      }
      write()
    })
  })
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const call = undiciUpstream()
  const answers: string[] = []
  for (let i = 0; i < 3; i++) {
    const { status, body } = await call({ url, headers: {}, body: '{"a":1}', signal: new Break().signal })
    let text = `${status} `
    for (let next = await body.next(); next.done !== true; next = await body.next())
      text += Buffer.from(next.value).toString()
    answers.push(text)
  }
  return answers
}

const thrice = (text: string) => [text, text, text]

describe('an upstream that says before its answer that one will come', () => {
  it.each<[string, readonly (string | null)[]]>([
    ['100, as for a client that asks leave', [CONTINUE, LATER, answerOf('hello')]],
    ['100 in one packet with the answer', [CONTINUE + answerOf('hello')]],
    ['100 without a reason, with a header', ['HTTP/1.1 100\r\nserver: x\r\n\r\n', LATER, answerOf('hello')]],
    ['100 by HTTP/1.0, twice', ['HTTP/1.0 100 Continue\r\n\r\n', CONTINUE, LATER, answerOf('hello')]],
    ['102', ['HTTP/1.1 102 Processing\r\n\r\n', LATER, answerOf('hello')]],
    ['103 and 100', ['HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n', LATER, CONTINUE + answerOf('hello')]],
    [
      '103 and 100 in one packet',
      [`HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${CONTINUE}`, LATER, answerOf('hello')],
    ],
  ])('is heard to its end: %s', async (_, parts) => {
    expect(await asked(...parts)).toEqual(thrice('200 hello'))
  })

  it('is heard to its end, in however many packets it comes', async () => {
    const heads = [CONTINUE, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n', 'HTTP/1.0 100\r\n\r\n']
    for (const head of heads)
      for (let at = 1; at < head.length; at += head === CONTINUE ? 1 : 7)
        expect(await asked(head.slice(0, at), LATER, head.slice(at) + answerOf('hello'))).toEqual(
          thrice('200 hello'),
        )
    const all = CONTINUE + CONTINUE + answerOf('hello')
    expect(await asked(...[...all].flatMap((each) => [each, LATER]))).toEqual(thrice('200 hello'))
  })

  it('leaves an answer whose head comes in pieces as it is', async () => {
    const answer = answerOf('HHTTP/1.1 1')
    for (let at = 1; at < answer.length; at += 3)
      expect(await asked(answer.slice(0, at), LATER, answer.slice(at))).toEqual(thrice('200 HHTTP/1.1 1'))
  })

  it.each([
    ['half of one', 'HTTP/1.1 10'],
    ['one without an end', `HTTP/1.1 103 Early Hints\r\n${'link: </x>\r\n'.repeat(1000)}`],
    ['one with a header without a name', 'HTTP/1.1 100 Continue\r\n: \n\r\n\r\n'],
  ])('and then ends: %s is no answer', async (_, part) => {
    await expect(asked(part, END)).rejects.toThrow()
  })

  it('loses nothing of an answer that speaks of it', async () => {
    const text = 'HTTP/1.1 100 is how it begins\r\nand goes on'
    const [head, body] = [answerOf(text).slice(0, -text.length), text]
    expect(await asked(head, LATER, body)).toEqual(thrice(`200 ${text}`))
  })
})
