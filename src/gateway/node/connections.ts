import type { Socket } from 'node:net'
import { hasRequest } from './node-door.js'

/** Open connections, and since when nothing is under way on each. */
export class Connections {
  private readonly all = new Set<Socket>()
  private readonly quietSince = new Map<Socket, number>()

  add(socket: Socket): void {
    this.all.add(socket)
    socket.once('close', () => {
      this.all.delete(socket)
      this.quietSince.delete(socket)
    })
  }

  /** Something has come on it: its answer is to be read before it ends. */
  moved(socket: Socket): void {
    this.quietSince.delete(socket)
  }

  /**
   * Ends those on which nothing has been under way for so long, as far as this has been asked meanwhile.
   * @param now of a clock that nobody sets, ms
   */
  endQuiet(ms: number, now: number): void {
    for (const socket of this.all) {
      const since = this.quietSince.get(socket)
      if (hasRequest(socket)) this.quietSince.delete(socket)
      else if (since === undefined) this.quietSince.set(socket, now)
      else if (now - since >= ms) socket.destroy()
    }
  }
}
