import { describe, expect, it } from 'vitest'
import { logLogChart } from '../../bench/report/chart.js'
import { figures } from '../../bench/report/figures.js'
import { markdownTable, replaceSection, rowsSection, rowTable } from '../../bench/report/markdown.js'
import { targetRows } from '../../bench/report/targets.js'
import type { BenchRow } from '../../bench/row.js'

function rowOf(name: string, kernel: string, p50Ns: number, models = 3, dimension = 26): BenchRow {
  return { name, kernel, dimension, models, p50Ns, p99Ns: 2 * p50Ns, perMs: (models * 1e6) / p50Ns }
}

describe('tables in Markdown', () => {
  it('align numbers to the right and names to the left', () => {
    expect(markdownTable(['row', 'p50'], [['route', '1.00 us']])).toBe(
      '| row | p50 |\n| --- | ---: |\n| route | 1.00 us |',
    )
  })

  it('have no column that no row fills', () => {
    expect(rowTable([rowOf('route', 'wasm', 1000)]).split('\n')[0]).toBe(
      '| row | kernel | d | models | p50 | p99 | candidates/ms |',
    )
    const pruned = { ...rowOf('score-pruned', 'wasm', 1000), alpha: 0.1, evaluated: 2 }
    expect(rowTable([pruned])).toContain('| alpha |')
    expect(rowTable([pruned])).toContain('2.00 forms')
  })

  it('are one for each dimension, and say what is left out', () => {
    const rows = [rowOf('route', 'wasm', 1000), rowOf('route', 'wasm', 60_000, 3, 385)]
    const text = rowsSection({ machine: 'm', rows, leftOut: ['kernel native: not built'] })
    expect(text.match(/^#### d = \d+$/gm)).toEqual(['#### d = 26', '#### d = 385'])
    expect(text).toContain('- kernel native: not built')
  })
})

describe('targets', () => {
  it('are met, missed by a factor, or not measured', () => {
    const rows = [
      { ...rowOf('route', 'wasm', 900), limitRatio: 4 },
      rowOf('feedback', 'wasm', 2400),
      rowOf('score', 'native', 100_000, 1000),
    ]
    const found = targetRows(rows)
    const of = (start: string) => found.find(([what]) => what.startsWith(start))?.slice(2, 5)
    expect(of('`route`, 3 models, d = 26')).toEqual(['900 ns', 'met', '4.0x'])
    expect(of('`settle`')).toEqual(['2.40 us', '**missed, 2.00 times**', ''])
    expect(of('`score`, 1,000 models, d = 26, native')).toEqual(['10,000/ms', '**missed, 2.00 times**', ''])
    expect(of('`score`, 1,000 models, d = 26, wasm')).toEqual(['not measured', '', ''])
  })
})

describe('replaceSection', () => {
  it('replaces what stands between the marks, and needs them', () => {
    const text = 'a <!-- begin:x -->old<!-- end:x --> b'
    expect(replaceSection(text, 'x', 'new')).toBe('a <!-- begin:x -->\n\nnew\n\n<!-- end:x --> b')
    expect(() => replaceSection(text, 'y', '')).toThrow('no section y')
  })
})

describe('plots', () => {
  const rows = ['plain', 'js', 'wasm'].flatMap((kernel, i) =>
    [3, 100, 1000].flatMap((models) => [
      rowOf('route', kernel, models * 400 * (i + 1), models),
      rowOf('score', kernel, models * 300 * (i + 1), models),
    ]),
  )

  it('are one SVG each, on white, with all kernels that were measured', () => {
    const drawn = figures([...rows, rowOf('route', 'wasm', 60_000, 3, 385)])
    expect(drawn.map(({ file }) => file)).toEqual([
      'latency-models.svg',
      'latency-dimension.svg',
      'candidates.svg',
    ])
    for (const { svg } of drawn) {
      expect(svg).toMatch(/^<svg xmlns=/)
      expect(svg).toContain('fill="#ffffff"')
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    }
    expect(drawn[0].svg).toContain('>route, wasm</text>')
    expect(drawn[0].svg).not.toContain('>route, native</text>')
  })

  it('names every figure of others', () => {
    const svg = logLogChart({
      title: 't',
      xLabel: 'x',
      yLabel: 'y',
      xTicks: [1, 10],
      yFormat: String,
      series: [
        {
          label: 'line',
          color: '#000000',
          points: [
            [1, 1],
            [10, 100],
          ],
        },
      ],
      marks: [{ label: 'theirs', at: [3, 50] }],
    })
    expect(svg).toContain('>theirs</text>')
  })
})
