import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** An address before a server, as a load balancer or a name is: what it leads to may change, and connections through it may go silent. */
export class Relay {
  readonly port: number
  private readonly server: Server
  private target: number
  private readonly pairs = new Set<readonly [Socket, Socket]>()

  private constructor(server: Server, target: number) {
    this.server = server
    this.port = (server.address() as AddressInfo).port
    this.target = target
    server.on('connection', (near) => this.join(near))
  }

  /** @param target a port of this machine */
  static async start(target: number): Promise<Relay> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    return new Relay(server, target)
  }

  /** Connections from now on go there; those that are open stay where they are. */
  leadTo(target: number): void {
    this.target = target
  }

  /** What open connections send goes nowhere from now on, and nobody tells them so. New ones work. */
  forget(): void {
    for (const [near, far] of this.pairs) {
      near.unpipe(far)
      far.unpipe(near)
      near.resume()
      far.resume()
    }
  }

  async stop(): Promise<void> {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private join(near: Socket): void {
    const far = connect(this.target, '127.0.0.1')
    const pair = [near, far] as const
    this.pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.once('close', () => {
        this.pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
    near.pipe(far).pipe(near)
  }
}
