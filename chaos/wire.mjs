import { connect, createServer } from 'node:net'

/**
 * A wire to a server on this machine. Cut, its connections end and no new one is made. Silent, connections stand and
 * nothing comes through; what was said meanwhile arrives when it is mended, even from those who have hung up since, as
 * it does when TCP sends it again.
 */
export class Wire {
  port
  #state = 'whole'
  #server
  #sockets = new Set()
  #held = []

  static async to(port) {
    const wire = new Wire()
    wire.#server = createServer((client) => wire.#join(client, port))
    await new Promise((resolve) => wire.#server.listen(0, '127.0.0.1', resolve))
    wire.port = wire.#server.address().port
    return wire
  }

  cut() {
    this.#state = 'cut'
    this.#held = []
    for (const socket of this.#sockets) socket.destroy()
  }

  silence() {
    this.#state = 'silent'
  }

  /** @returns how often something was said on the silent wire */
  mend() {
    this.#state = 'whole'
    const held = this.#held
    this.#held = []
    for (const deliver of held) deliver()
    return held.length
  }

  async close() {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client, port) {
    if (this.#state === 'cut') {
      client.destroy()
      return
    }
    const server = connect(port, '127.0.0.1')
    this.#carry(client, server)
    this.#carry(server, client)
  }

  #carry(from, to) {
    this.#sockets.add(from)
    from.on('error', () => {})
    from.on('data', (data) => this.#deliver(() => to.write(data)))
    from.on('close', () => {
      this.#sockets.delete(from)
      this.#deliver(() => to.end())
    })
  }

  #deliver(act) {
    if (this.#state === 'silent') this.#held.push(act)
    else act()
  }
}
