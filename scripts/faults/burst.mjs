import { play } from '../traffic/play.mjs'
import { SHAPES } from '../traffic/shapes.mjs'
import { percent } from './lib/traffic.mjs'

const DAYS = 7
const CAP_USD = 10
const PANEL = {
  yDomain: [0, 1],
  yTicks: [0, 0.25, 0.5, 0.75, 1],
  yFormat: percent,
  xLabel: 'day',
  requests: DAYS,
}

export const name = 'burst'
export const title = 'A cap of $10 a day, a burst and an office'
export const about =
  'Left: 100 requests an hour and 8,000 at 23h; the cheapest model for all costs $1.60. Right: 400 an hour from 9h to 17h, else 5.'
export const panels = [
  { key: 'refused', title: 'A burst at 23h', yLabel: 'requests of the day that are refused', ...PANEL },
  { key: 'spent', title: 'An office day', yLabel: 'how much of the cap is spent', ...PANEL },
]

export async function measure(library) {
  const days = (shape) =>
    play(library, { shape: SHAPES[shape], caps: [{ usd: CAP_USD, per: 'day' }], days: DAYS })
  const points = (rows, valueIn) => rows.map((row, day) => [day + 1, valueIn(row)])
  return {
    refused: points(await days('burst at 23h'), ({ refused, requests }) => refused / requests),
    spent: points(await days('office day'), ({ usd }) => usd / CAP_USD),
  }
}
