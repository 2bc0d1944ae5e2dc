import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { eventsOf } from '../surfaces/gateway-server.js'
import { CLIENT_KEY, startGateway, type TestGateway } from './gateway.js'

/** What frameworks have sent that are not installed here: the lines of each head, without who asks whom, and the body to the byte but for its prompt. */
const RECORDED: readonly {
  readonly client: string
  readonly head: readonly string[]
  readonly body: string
}[] = JSON.parse(readFileSync(fileURLToPath(new URL('./frameworks.json', import.meta.url)), 'utf8'))
const CLIENTS = [...new Set(RECORDED.map(({ client }) => client))]

const open: TestGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close()
})

/** The bytes on a socket of its own. @returns the status, and the body that came */
async function send(url: string, [first = '', ...head]: readonly string[], body: string) {
  const { hostname, port, host } = new URL(url)
  const lines = [
    first,
    `host: ${host}`,
    ...head.filter((line) => !/^(connection|accept-encoding):/i.test(line)),
    'connection: close',
    `authorization: Bearer ${CLIENT_KEY}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  const text = await new Promise<string>((resolve, reject) => {
    let came = ''
    const socket = connect(Number(port), hostname, () => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`))
    socket.setEncoding('utf8').on('data', (piece: string) => {
      came += piece
    })
    socket.on('error', reject).on('close', () => resolve(came))
  })
  const end = text.indexOf('\r\n\r\n')
  const isChunked = /^transfer-encoding: chunked/im.test(text.slice(0, end))
  const rest = text.slice(end + 4)
  return {
    status: Number(text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)),
    text: isChunked ? rest.replace(/^[0-9a-f]+\r\n/gim, '').replaceAll('\r\n', '') : rest,
  }
}

/** As a provider gets it: the name of the model is the router's, and the usage is asked for. */
function known(body: Readonly<Record<string, unknown>>): object {
  const { model: _, stream_options: __, ...rest } = body
  return rest
}

describe('requests that frameworks have sent', () => {
  it('are of five of them', () => expect(CLIENTS).toHaveLength(5))

  it.each(CLIENTS)('reach the upstream whole, and are answered and booked: %s', async (client) => {
    const gateway = await startGateway()
    open.push(gateway)
    const requests = RECORDED.filter((each) => each.client === client)
    for (const { head, body } of requests) {
      const { status, text } = await send(gateway.url, head, body)
      expect([body, status, text]).toEqual([body, 200, expect.any(String)])
      const sent = JSON.parse(body)
      if (sent.stream === true) expect(eventsOf(text).at(-1)).toMatch(/^\[DONE\]$|"response.completed"/)
      else expect(JSON.parse(text)).toMatchObject({ usage: { cost: expect.any(Number) } })
      const got = gateway.upstream.entries.at(-1)?.request.body ?? {}
      expect(known(got)).toEqual(known(sent))
    }
    await gateway.over(requests.length)
    expect(gateway.upstream.entries).toHaveLength(requests.length)
    expect(Math.abs(gateway.bookedUsd() - gateway.upstream.costUsd())).toBeLessThan(1e-9)
    expect(gateway.failures).toEqual([])
  })
})
