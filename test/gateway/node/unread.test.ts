import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type HttpServer, listen } from '../../../src/gateway/node/http-server.js'

const UNREAD_MS = 400
/** More than any socket takes in. */
const LONG = 'x'.repeat(32 * 1024 * 1024)

const servers: HttpServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) await server.drain(0)
})

async function serving(fetch: () => Response | Promise<Response>): Promise<HttpServer> {
  const settings = {
    listen: { host: '127.0.0.1', port: 0 },
    limits: { headerBytesMax: 16_384 },
    timeouts: { requestMs: 30_000 },
  }
  const server = await listen(settings, fetch, () => null, UNREAD_MS)
  servers.push(server)
  return server
}

/** Asks so often at once, and reads nothing before it is told to. */
function asking(server: HttpServer, count = 1) {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  sockets.push(socket)
  socket.pause().write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(count))
  let isBroken = false
  socket.on('error', () => {
    isBroken = true
  })
  let bytes = 0
  const read = new Promise<number>((resolve) => {
    socket.on('data', (chunk) => {
      bytes += chunk.byteLength
      if (bytes > LONG.length) resolve(bytes)
    })
    socket.on('close', () => resolve(bytes))
  })
  socket.pause()
  return { socket, read, isBroken: () => isBroken }
}

/** The connection that the server takes next, as the server has it. */
function taken(server: HttpServer): Promise<Socket> {
  const port = Number(new URL(server.url).port)
  return new Promise((resolve) => {
    const take = (message: unknown) => {
      const { socket } = message as { readonly socket: unknown }
      if (!(socket instanceof Socket) || socket.localPort !== port) return
      unsubscribe('net.server.socket', take)
      resolve(socket)
    }
    subscribe('net.server.socket', take)
  })
}

const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('an answer that nobody reads', () => {
  it.each([
    ['a long one', 1, LONG],
    ['many short ones', 20_000, 'x'.repeat(2000)],
  ])('ends its connection, and what is held for it with that: %s', async (_, count, body) => {
    let answers = 0
    const server = await serving(() => {
      answers++
      return new Response(body)
    })
    const ofServer = taken(server)
    const { socket, read } = asking(server, count)
    await once(await ofServer, 'close')
    const asked = answers
    socket.resume()
    expect(await read).toBeLessThan(LONG.length)
    expect(answers).toBe(asked)
  })

  it('is waited for where its client reads, however slowly', async () => {
    const server = await serving(() => new Response(LONG))
    const { socket, read, isBroken } = asking(server)
    for (let i = 0; i < 30; i++) {
      await passed(UNREAD_MS / 8)
      socket.resume()
      await passed(5)
      socket.pause()
    }
    socket.resume()
    expect(await read).toBeGreaterThan(LONG.length)
    expect(isBroken()).toBe(false)
  })

  it('is another thing than one that is waited for', async () => {
    const server = await serving(async () => {
      await passed(4 * UNREAD_MS)
      return new Response('late')
    })
    const { socket, isBroken } = asking(server)
    const text = await new Promise<string>((resolve) => {
      socket.on('data', (chunk) => resolve(chunk.toString()))
      socket.resume()
    })
    expect(text).toContain('late')
    expect(isBroken()).toBe(false)
  })

  it('is another thing than a connection without one, which ends', async () => {
    const server = await serving(() => new Response('never asked for'))
    const { read, socket } = asking(server, 0)
    socket.resume()
    expect(await read).toBe(0)
  })
})
