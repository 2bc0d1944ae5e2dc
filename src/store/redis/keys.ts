/**
 * Keys of one log, under one hash tag: in a cluster they lie on one node.
 *
 *     {stream}:log               hash: format, id (random), header (JSON), events (how many ever), process (the last
 *                                number given out), trimmed (entries up to this id were dropped), trimmed_events (that id and
 *                                how many events there are up to it), note:<name> (text beside the log), awaited (the entry
 *                                that somebody last waited for Redis's replicas with), pots (1: `pots` is there), pots_lost (ms
 *                                of the server's clock when it was found to be gone)
 *     {stream}:events            stream, entries of `entry.ts`
 *     {stream}:snapshot:latest   hash: position, bytes, mark (checksum of both), and what a log needs that is begun with it: log
 *                                (its id), format, header, events (how many up to the position); resume (1: somebody said that
 *                                the log goes on from here); `older` likewise, and `upload:<origin>` on its way in, for two
 *                                minutes
 *     {stream}:processes         sorted set: origin by its last sign of life, ms of the server's clock
 *     {stream}:task:<task>       string: who does it, until it expires
 *     {stream}:pots              sorted set: keys of the leases that are there, by ms of the server's clock until when they are at
 *                                least; those that are over are deleted as others are asked for
 *     {stream}:lease:<pool>      string, USD granted; of rolling pools a hash, USD granted by step
 */
export class Keys {
  readonly log: string
  readonly events: string
  readonly latest: string
  readonly older: string
  readonly processes: string
  readonly pots: string
  /** Nothing is ever there. */
  readonly nothing: string
  private readonly prefix: string

  constructor(stream: string) {
    this.prefix = `{${stream}}:`
    this.log = `${this.prefix}log`
    this.events = `${this.prefix}events`
    this.latest = `${this.prefix}snapshot:latest`
    this.older = `${this.prefix}snapshot:older`
    this.processes = `${this.prefix}processes`
    this.pots = `${this.prefix}pots`
    this.nothing = `${this.prefix}nothing`
  }

  upload(origin: string): string {
    return `${this.prefix}snapshot:upload:${origin}`
  }

  task(task: string): string {
    return `${this.prefix}task:${task}`
  }

  lease(pool: string): string {
    return `${this.prefix}lease:${pool}`
  }
}
