// The constants that move a measure most, as an SVG that stands alone: means of paired differences with intervals.
import { writeFileSync } from 'node:fs'
import { bundle } from '../bundle-run.mjs'

const WIDTH = 760
const PAD = 12
const SHOWN = 14

/** @param results [{ name, value, variants: [{ factor, text, effects: { [measure]: { mean, low, high } } }] }] */
export async function drawSensitivity(file, results, { measure, title, xLabel }) {
  const folder = await bundle('sensitivity-report', {
    forest: 'src/report/forest-plot.ts',
    svg: 'src/report/svg.ts',
    style: 'src/report/style.ts',
  })
  const part = (name) => import(new URL(`${name}.mjs`, folder).href)
  const [{ forestHeight, forestPlot }, { tag }, { STYLE }] = [
    await part('forest'),
    await part('svg'),
    await part('style'),
  ]
  const size = (result) => Math.max(...result.variants.map(({ effects }) => Math.abs(effects[measure].mean)))
  const strongest = [...results].sort((a, b) => size(b) - size(a)).slice(0, SHOWN)
  const lines = strongest.flatMap((result) =>
    result.variants.map(({ factor, text, effects }, i) => {
      const { mean, low, high } = effects[measure]
      return {
        group: i === 0 ? `${result.name} = ${result.text}` : '',
        label: factor === '2' ? 'twice' : 'half',
        mean,
        ci95: [low, high],
        hint: `${result.name} = ${text}: ${mean.toPrecision(2)}`,
        faint: low <= 0 && high >= 0,
      }
    }),
  )
  const height = forestHeight(lines)
  const plot = forestPlot(
    { lines, xLabel, xFormat: (value) => String(Number(value.toPrecision(3))), reference: 0 },
    { width: WIDTH, height, show: 'always' },
  )
  const svg = tag(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `${-PAD} ${-PAD} ${WIDTH + 2 * PAD} ${height + 2 * PAD}`,
      width: WIDTH + 2 * PAD,
      height: height + 2 * PAD,
      role: 'img',
      'aria-label': title,
    },
    `<style>${STYLE}</style>`,
    tag('rect', { x: -PAD, y: -PAD, width: WIDTH + 2 * PAD, height: height + 2 * PAD, fill: 'var(--paper)' }),
    plot,
  )
  writeFileSync(file, `${svg}\n`)
}
