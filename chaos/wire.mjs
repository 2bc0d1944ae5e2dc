import { connect, createServer } from 'node:net'

/**
 * A wire to a server on this machine. Cut, its connections end and no new one is made. Silent, connections stand and
 * nothing comes through; what was said meanwhile arrives when it is mended, even from those who have hung up since, as
 * it does when TCP sends it again. Deaf, what the log's readers are answered never comes.
 */
export class Wire {
  port
  #state = 'whole'
  #server
  /** Of the server at its other end. */
  #target = 0
  #sockets = new Set()
  #held = []
  #isDeaf = false

  static async to(port) {
    const wire = new Wire()
    wire.#target = port
    wire.#server = createServer((client) => wire.#join(client))
    await new Promise((resolve) => wire.#server.listen(0, '127.0.0.1', resolve))
    wire.port = wire.#server.address().port
    return wire
  }

  cut() {
    this.#state = 'cut'
    this.#held = []
    for (const socket of this.#sockets) socket.destroy()
  }

  /** From now on it leads elsewhere; what stands is cut. */
  redirect(port) {
    this.#target = port
    this.#isDeaf = false
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Until it leads elsewhere. */
  deafen() {
    this.#isDeaf = true
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

  #join(client) {
    if (this.#state === 'cut') {
      client.destroy()
      return
    }
    const server = connect(this.#target, '127.0.0.1')
    let reads = false
    this.#carry(client, server, (data) => {
      reads ||= data.includes('XREAD')
      return true
    })
    this.#carry(server, client, () => !(reads && this.#isDeaf))
  }

  /** @param passes whether what was said comes through */
  #carry(from, to, passes) {
    this.#sockets.add(from)
    from.on('error', () => {})
    from.on('data', (data) => {
      if (passes(data)) this.#deliver(() => to.write(data))
    })
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
