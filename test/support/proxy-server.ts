import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

export interface ProxyServer {
  /** `host:port`. */
  readonly address: string
  /** Method, address and headers of what it was asked for. */
  readonly asked: [string, string, IncomingHttpHeaders][]
  close(): void
}

/** A proxy that leads to the same port of this machine, whatever it is asked for. */
export async function proxyBefore(port: number): Promise<ProxyServer> {
  const asked: ProxyServer['asked'] = []
  const server = createServer((incoming, response) => {
    const { method = '', url = '', headers } = incoming
    asked.push([method, url, headers])
    const path = url.replace(/^http:\/\/[^/]*/, '')
    const onward = request({ port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0)
      answer.pipe(response)
    })
    incoming.pipe(onward)
  })
  server.on('connect', (incoming, client, head) => {
    asked.push(['CONNECT', incoming.url ?? '', incoming.headers])
    const there = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      there.write(head)
      there.pipe(client).pipe(there)
    })
    there.on('error', () => client.destroy())
    client.on('error', () => there.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    asked,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
