import { join } from 'node:path'
import { createRouter } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { play } from '../../scripts/traffic/play.mjs'
import { SHAPES } from '../../scripts/traffic/shapes.mjs'

const CAP_USD = 10

export const name = 'burst under a cap'

/**
 * 100 requests an hour and 8,000 at 23h, $10 a day, the router closed and opened again every six hours: nobody is refused
 * that the cheapest model can serve, the cap is kept, and from the second day on it is spent.
 */
export async function run({ folder, seed, short }) {
  const days = short ? 2 : 4
  const caps = [{ usd: CAP_USD, per: 'day' }]
  const library = {
    createRouter: (options) =>
      createRouter({ ...options, store: sqliteStore(join(folder, 'burst.db')), onDifference: 'throw' }),
  }
  const shape = SHAPES['burst at 23h']
  const rows = await play(library, { shape, caps, days, seed, restartHours: 6 })
  const refused = rows.reduce((sum, row) => sum + row.refused, 0)
  const ofCap = rows.map(({ usd }) => usd / CAP_USD)
  // Bills in flight above their reservations are the last request's: they settle one by one.
  const ok =
    refused === 0 && ofCap.every((share) => share <= 1.01) && ofCap.slice(1).every((share) => share > 0.9)
  const spent = ofCap.map((share) => `${(100 * share).toFixed(1)} %`).join(', ')
  return {
    ok,
    detail: `${rows.reduce((sum, row) => sum + row.requests, 0)} requests in ${days} days, ${refused} refused; of the cap ${spent}`,
  }
}
