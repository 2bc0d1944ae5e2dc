import { LatestMap } from '../../base/latest-map.js'
import type { LeaseBroker, LeasePool } from '../../log/store.js'
import type { Confirmation } from './confirmation.js'
import type { Connection } from './connection.js'
import type { Keys } from './keys.js'
import { BEAT, GIVE_BACK, RENEW, STEPS_COUNTED, TAKE, UNITS_PER_USD } from './lease-scripts.js'

/** The log that money is shared on. */
interface LeaseLog {
  readonly id: string
  readonly main: Connection
  readonly origin: string
}

/** Dollars of one step of a rolling pool. */
interface Part {
  readonly step: number
  readonly usd: number
}

/** A process that has given no sign of life for so long is not there. */
export const ALIVE_MS = 10_000
/** Rolling pools whose grants are remembered; of older ones nothing is given back. */
const POOLS_MAX = 10_000

/**
 * Leases by one script a call, on the server's own clock. Grants are multiples of 2^-30 USD. A call whose outcome is
 * unknown (STORE_UNREACHABLE) must not be made again: what it may have taken stays taken, and what it may have given
 * back would be given back twice.
 */
export class RedisLeases implements LeaseBroker {
  private readonly log: () => LeaseLog
  private readonly confirmation: Confirmation
  private readonly keys: Keys
  /** USD granted to this process by step, of each rolling pool: it can give back no others. */
  private readonly rolling = new LatestMap<string, Map<number, number>>(POOLS_MAX)

  /** @param log throws while it is not open */
  constructor(keys: Keys, confirmation: Confirmation, log: () => LeaseLog) {
    this.keys = keys
    this.confirmation = confirmation
    this.log = log
  }

  async take(requests: readonly (LeasePool & { readonly wantUsd: number })[]): Promise<readonly number[]> {
    if (requests.length === 0) return []
    const { id, main } = this.log()
    const call = TAKE.call(
      [this.keys.log, this.keys.pots, ...requests.map(({ key }) => this.keys.lease(key))],
      [
        id,
        ...requests.flatMap((pool) => [
          kindOf(pool),
          String(pool.limitUsd),
          String(pool.wantUsd),
          String(pool.windowMs ?? pool.endsAt ?? 0),
          String(pool.wholeUsd ?? pool.limitUsd),
        ]),
      ],
    )
    const reply = (await this.confirmation.send(main, call)) as readonly Buffer[]
    return requests.map((pool, i) => {
      const usd = Number(reply[2 * i].toString())
      if (pool.windowMs !== null) this.remember(pool.key, Number(reply[2 * i + 1].toString()), usd)
      return usd
    })
  }

  async giveBack(returns: readonly (LeasePool & { readonly usd: number })[]): Promise<void> {
    const parts = returns.flatMap((pool) =>
      this.partsOf(pool).map(({ step, usd }) => ({
        pool,
        args: [kindOf(pool), String(usd), String(pool.windowMs ?? 0), String(step)],
      })),
    )
    if (parts.length === 0) return
    const { id, main } = this.log()
    const keys = [this.keys.log, this.keys.pots, ...parts.map(({ pool }) => this.keys.lease(pool.key))]
    await main.send(GIVE_BACK.call(keys, [id, ...parts.flatMap(({ args }) => args)]))
  }

  /** What is in hand is of the newest steps: dollars are renewed every step, and what was spent since is older. */
  async renew(
    renewals: readonly (LeasePool & { readonly usd: number; readonly backUsd: number })[],
  ): Promise<readonly number[]> {
    const parts = renewals.flatMap((pool, i) => [
      ...this.newestOf(pool.key, pool.usd).map((part) => ({ ...part, pool, i, use: 'K' })),
      ...this.newestOf(pool.key, pool.backUsd).map((part) => ({ ...part, pool, i, use: 'B' })),
    ])
    const counted = renewals.map(() => 0)
    if (parts.length === 0) return counted
    const { id, main } = this.log()
    const call = RENEW.call(
      [this.keys.log, ...parts.map(({ pool }) => this.keys.lease(pool.key))],
      [
        id,
        ...parts.flatMap(({ usd, pool, step, use }) => [
          String(usd),
          String(pool.windowMs ?? 0),
          String(step),
          use,
        ]),
      ],
    )
    const reply = (await this.confirmation.send(main, call)) as readonly Buffer[]
    parts.forEach(({ pool, i, use }, at) => {
      if (use !== 'K') return
      const usd = Number(reply[2 * at].toString())
      counted[i] += usd
      this.remember(pool.key, Number(reply[2 * at + 1].toString()), usd)
    })
    return counted
  }

  /** Says that this process is alive, too. */
  async processes(): Promise<number> {
    const { id, main, origin } = this.log()
    const { log, processes } = this.keys
    return Number(await main.send(BEAT.call([log, processes], [id, origin, String(ALIVE_MS)])))
  }

  private remember(key: string, step: number, usd: number): void {
    const steps = this.rolling.get(key) ?? new Map<number, number>()
    for (const old of steps.keys()) if (step - old > STEPS_COUNTED) steps.delete(old)
    if (usd > 0) steps.set(step, (steps.get(step) ?? 0) + usd)
    if (steps.size > 0) this.rolling.set(key, steps)
    else this.rolling.delete(key)
  }

  /**
   * Dollars are spent in the order they came, so the last are unspent. But the very last grant goes last: who renews a
   * slice takes the new one before what is left of the old one goes back. Dollars out of a newer step than their own
   * would be counted too short, out of an older one too long.
   */
  private partsOf(pool: LeasePool & { readonly usd: number }): readonly Part[] {
    const left = Math.floor(pool.usd * UNITS_PER_USD) / UNITS_PER_USD
    if (!(left > 0)) return []
    if (pool.windowMs === null) return [{ step: 0, usd: left }]
    const steps = this.rolling.get(pool.key) ?? new Map<number, number>()
    const [latest, ...others] = newestFirst(steps)
    return partsFrom(steps, latest === undefined ? [] : [...others, latest], left)
  }

  private newestOf(key: string, usd: number): readonly Part[] {
    const steps = this.rolling.get(key)
    const whole = Math.floor(usd * UNITS_PER_USD) / UNITS_PER_USD
    return steps === undefined || !(whole > 0) ? [] : partsFrom(steps, newestFirst(steps), whole)
  }
}

function newestFirst(steps: ReadonlyMap<number, number>): readonly (readonly [number, number])[] {
  return [...steps].sort(([a], [b]) => b - a)
}

/** Takes dollars out of steps, in the order given. */
function partsFrom(
  steps: Map<number, number>,
  order: readonly (readonly [number, number])[],
  usd: number,
): readonly Part[] {
  const parts: Part[] = []
  let left = usd
  for (const [step, granted] of order) {
    const part = Math.min(granted, left)
    if (part <= 0) break
    parts.push({ step, usd: part })
    left -= part
    if (part === granted) steps.delete(step)
    else steps.set(step, granted - part)
  }
  return parts
}

function kindOf(pool: LeasePool): 'C' | 'R' | 'E' {
  if (pool.windowMs !== null) return 'R'
  return pool.endsAt === null ? 'E' : 'C'
}
