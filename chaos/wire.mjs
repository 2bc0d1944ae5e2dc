import { connect, createServer } from 'node:net'

/** A wire to a server on this machine that can be cut: connections end, and no new one is made. */
export class Wire {
  port
  isCut = false
  #server
  #sockets = new Set()

  static async to(port) {
    const wire = new Wire()
    wire.#server = createServer((client) => wire.#join(client, port))
    await new Promise((resolve) => wire.#server.listen(0, '127.0.0.1', resolve))
    wire.port = wire.#server.address().port
    return wire
  }

  cut() {
    this.isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend() {
    this.isCut = false
  }

  async close() {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client, port) {
    if (this.isCut) {
      client.destroy()
      return
    }
    const server = connect(port, '127.0.0.1')
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  }
}
