import { join } from 'node:path'
import { createRouter } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { play } from '../../scripts/traffic/play.mjs'
import { SHAPES } from '../../scripts/traffic/shapes.mjs'

const CAP_USD = 10

export const name = 'burst under a cap'

/** Requests an hour on a last day that is as no day before it. */
const NEW_DAYS = {
  'a first busy day': (hour) => (hour >= 9 && hour < 18 ? 2000 : 100),
  'a first burst at 23h': (hour) => (hour === 23 ? 6000 : 100),
}

/**
 * 100 requests an hour and 8,000 at 23h, $10 a day, the router closed and opened again every six hours: nobody is refused
 * that the cheapest model can serve, the cap is kept, and from the second day on it is spent. After days of 100 an hour
 * nobody is refused either on a day of twenty times that from 9 to 18 h (not in a short run), or of sixty times in its last hour.
 */
export async function run({ folder, seed, short }) {
  const days = short ? 2 : 4
  const same = await playOn(join(folder, 'burst.db'), { shape: SHAPES['burst at 23h'], days, seed })
  const fresh = []
  for (const [what, perHour] of Object.entries(NEW_DAYS).slice(short ? 1 : 0)) {
    const shape = (day, hour) => (day < days ? 100 : perHour(hour))
    const rows = await playOn(join(folder, `new-day-${fresh.length}.db`), { shape, days: days + 1, seed })
    fresh.push({ what, ...rows[days] })
  }
  const all = [...same, ...fresh]
  // Bills in flight above their reservations are the last request's: they settle one by one.
  const ok =
    all.every(({ refused, usd }) => refused === 0 && usd <= 1.01 * CAP_USD) &&
    same.slice(1).every(({ usd }) => usd > 0.9 * CAP_USD)
  return {
    ok,
    detail: `in ${days} days ${told(same)}; ${fresh.map((row) => `${row.what}: ${told([row])}`).join('; ')}`,
  }
}

function playOn(file, traffic) {
  const library = {
    createRouter: (options) => createRouter({ ...options, store: sqliteStore(file), onDifference: 'throw' }),
  }
  return play(library, { ...traffic, caps: [{ usd: CAP_USD, per: 'day' }], restartHours: 6 })
}

function told(rows) {
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0)
  const spent = rows.map(({ usd }) => `${((100 * usd) / CAP_USD).toFixed(1)} %`).join(', ')
  return `${sum('requests')} requests, ${sum('refused')} refused, of the cap ${spent}`
}
