import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModelSpec } from '../../src/models/model.js'
import { differenceTick } from '../../src/replay/report/first-day.js'
import { renderReport } from '../../src/replay/report/page.js'
import { runReplay } from '../../src/replay/runner.js'
import { coursesOf, SCENARIO_NAMES } from '../../src/replay/scenarios.js'
import type { ReplaySettings } from '../../src/replay/settings.js'
import { buildTable } from '../../src/replay/table.js'
import { escapeHtml } from '../../src/report/escape.js'
import { type Box, placeLabels, spread } from '../../src/report/labels.js'
import { cumulative, rolling } from '../../src/report/series.js'
import { usdTicks, usdTickText } from '../../src/report/usd-ticks.js'
import { MODELS, makeRows } from './helpers.js'

async function page(
  models: readonly ModelSpec[],
  dataName: string,
  budgetsUsd = [1e-4, 1e-3],
  more: Partial<ReplaySettings> = {},
) {
  const data = buildTable(makeRows(120, 7, models), models, null, 'rows')
  const results = []
  for (const scenario of SCENARIO_NAMES) {
    results.push(
      await runReplay({
        scenario,
        courses: coursesOf(scenario, models),
        data,
        train: null,
        budgetsUsd,
        policy: 'paper',
        seeds: 2,
        cold: false,
        kernel: 'js',
        ...more,
      }),
    )
  }
  return renderReport({ dataName, features: 'stored', models, results })
}

describe('differenceTick', () => {
  it('writes differences of rewards as short as they are', () => {
    expect([0, 0.05, -0.1, 0.005, 1e-5, 1].map(differenceTick)).toEqual([
      '0',
      '+.05',
      '-.1',
      '+.005',
      '0',
      '+1',
    ])
  })
})

describe('usdTicks', () => {
  it('are steps of powers of ten within an axis, told per 1,000 requests', () => {
    expect(usdTicks([2e-5, 2e-3], [1, 3]).map(usdTickText)).toEqual(['$0.03', '$0.1', '$0.3', '$1'])
    expect(usdTicks([2e-5, 2e-2], [1]).map(usdTickText)).toEqual(['$0.1', '$1', '$10'])
    expect(usdTicks([0.2, 0.9], [1])).toEqual([])
  })
})

describe('renderReport', () => {
  it('refers to nothing outside the page and has no script', async () => {
    const html = await page(MODELS, 'rows.jsonl')
    expect(html).not.toMatch(/https?:|\/\/[a-z]|<script|<link|@import|url\(|src=/i)
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
    for (const scenario of SCENARIO_NAMES) expect(html).toContain(`<section id="${scenario}">`)
    for (const title of [
      ...['Quality against cost', 'Spend against budget', 'Shadow price', 'Adoption', 'Predicted dollars'],
      ...['Spend over allowance', 'Shares around each event', 'Shares from the start, good-expensive'],
    ]) {
      expect(html).toContain(title)
    }
    expect(html.match(/Targets: passed \d+ of \d+/g)).toHaveLength(4)
    // Policy thompson is played beside; over time only policy paper would be.
    expect(html).toContain('Rings: policy thompson at the same budgets.')
    expect(html).not.toMatch(/policy paper at the same|Squares:|Shadow price, thompson/)
    expect(html).not.toContain('Learning from nothing')
  })

  it('sets policies beside another one, paper on one axis of spend too', async () => {
    const html = await page(MODELS, 'rows', [1e-4, 1e-3], {
      beside: ['paper', 'thompson'],
      knobs: { alpha: 1 },
    })
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
    for (const title of ['Spend over allowance, paper', 'Shadow price, paper', 'good-cheap, paper']) {
      expect(html).toContain(title)
    }
    expect(html).toContain(
      'Rings: policy paper at the same budgets. Squares: policy thompson at the same budgets.',
    )
    expect(html).not.toContain('Shadow price, thompson')
    // Twelve frontiers: one at three sizes, and three panels a scenario with events. A mark a budget and policy in each.
    expect(html.match(/class="beside"/g)).toHaveLength(2 * 2 * (3 + 3 + 3 + 3))
    expect(html.match(/class="beside-line"/g)).toHaveLength(2 * (3 + 3 + 3 + 3))
    expect(html).toContain('policy thompson within')
  })

  it('draws how a cold start learns, and draws it nowhere when nothing was burnt in long enough', async () => {
    const html = await page(MODELS, 'rows', [1e-4, 1e-3], { cold: true })
    expect(html).not.toContain('Learning from nothing')
    expect(html).toMatch(/reward \.\d{3} ±\.\d{4}, /)
    const data = buildTable(makeRows(400), MODELS, null, 'rows')
    const result = await runReplay({
      scenario: 'stationary',
      courses: coursesOf('stationary', MODELS),
      data,
      train: null,
      budgetsUsd: [1e-3],
      policy: 'paper',
      seeds: 1,
      cold: true,
      kernel: 'js',
    })
    const learnt = renderReport({ dataName: 'rows', features: 'stored', models: MODELS, results: [result] })
    expect(learnt).toContain('Learning from nothing')
    expect(learnt).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('draws the frontier from the cheapest point to the dearest, in whatever order the budgets come', async () => {
    const html = await page(MODELS, 'rows', [1e-3, 1e-4, 4e-4])
    const paths = [...html.matchAll(/<path d="([^"]*)" class="policy-line"/g)].map(([, d]) => d)
    expect(paths.length).toBeGreaterThan(5)
    for (const d of paths) {
      const xs = [...d.matchAll(/[ML]([\d.]+),/g)].map(([, x]) => Number(x))
      expect(xs).toHaveLength(3)
      expect(xs).toEqual(xs.toSorted((a, b) => a - b))
    }
  })

  it('shows only the plots that apply', async () => {
    const data = buildTable(makeRows(120), MODELS, null, 'rows')
    const result = await runReplay({
      scenario: 'stationary',
      courses: coursesOf('stationary', MODELS),
      data,
      train: null,
      budgetsUsd: [1e-3],
      policy: 'paper',
      seeds: 1,
      cold: true,
      kernel: 'js',
    })
    const html = renderReport({ dataName: 'rows', features: 'stored', models: MODELS, results: [result] })
    expect(html).not.toContain('Adoption')
    expect(html).not.toContain('NaN')
    // One seed has no interval.
    expect(html).not.toMatch(/±[.\d]/)
  })

  it('escapes text from data and models', async () => {
    const evil = [
      { id: '<img onerror=alert(1)>', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
      { id: 'a"b\'&<b>', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
      { id: 'dear', inputUsdPerMTok: 1, outputUsdPerMTok: 9 },
    ]
    const html = await page(evil, '<script>alert("x")</script>')
    expect(html).not.toMatch(/<img|<script|<b>&/)
    expect(html).toContain('&lt;img onerror=alert(1)&gt;')
    expect(html).toContain('&lt;script&gt;')
    expect(html).not.toContain('a"b')
  })
})

function meets(a: Box): (b: Box) => boolean {
  return (b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

describe('report parts', () => {
  it('escapes every character that markup could mistake', () => {
    expect(escapeHtml(`<a href="x">'&'</a>`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;')
  })

  it('spreads labels apart, in order, inside the limits', () => {
    const positions = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(positions, (values) => {
        const placed = spread(values, 14, 0, 200)
        const sorted = [...placed].sort((a, b) => a - b)
        for (let i = 1; i < sorted.length; i++)
          expect(sorted[i] - sorted[i - 1]).toBeGreaterThanOrEqual(14 - 1e-9)
        expect(sorted[0]).toBeGreaterThanOrEqual(0)
        expect(sorted[sorted.length - 1]).toBeLessThanOrEqual(200)
      }),
      { seed: 3 },
    )
  })

  it('drops a label rather than overlap another', () => {
    const crowd = Array.from({ length: 40 }, () => ({ x: 100, y: 50, text: 'a rather long label' }))
    const placed = placeLabels(crowd, [], [], { x: 0, y: 0, width: 260, height: 100 })
    expect(placed.some((place) => place === null)).toBe(true)
    expect(placed.some((place) => place !== null)).toBe(true)
  })

  it('places labels so that none overlaps another, an obstacle or the edge, wherever their points are', () => {
    const place = { x: fc.integer({ min: 40, max: 400 }), y: fc.integer({ min: 20, max: 260 }) }
    const crowd = fc.array(fc.record({ ...place, text: fc.string({ unit: 'grapheme', maxLength: 30 }) }), {
      maxLength: 20,
    })
    const boxes = fc.array(fc.record({ ...place, width: fc.constant(12), height: fc.constant(12) }), {
      maxLength: 12,
    })
    const bounds = { x: 44, y: 20, width: 400, height: 240 }
    let leaders = 0
    fc.assert(
      fc.property(crowd, boxes, boxes, (points, obstacles, lines) => {
        const placed = placeLabels(points, obstacles, lines, bounds).flatMap((one) => one ?? [])
        for (const [i, { box, leader }] of placed.entries()) {
          expect(box.x).toBeGreaterThanOrEqual(bounds.x)
          expect(box.x + box.width).toBeLessThanOrEqual(bounds.x + bounds.width)
          expect(box.y).toBeGreaterThanOrEqual(bounds.y)
          expect(box.y + box.height).toBeLessThanOrEqual(bounds.y + bounds.height)
          expect([...obstacles, ...placed.slice(i + 1).map((other) => other.box)].filter(meets(box))).toEqual(
            [],
          )
          if (leader === null) continue
          leaders++
          const [fromX, fromY] = leader[0]
          const end = { x: leader[1][0] - 1, y: leader[1][1] - 1, width: 2, height: 2 }
          expect(meets(box)(end)).toBe(true)
          expect(points.some(({ x, y }) => Math.hypot(x - fromX, y - fromY) < 10)).toBe(true)
        }
      }),
      { seed: 5, numRuns: 300 },
    )
    expect(leaders).toBeGreaterThan(0)
  })

  it('averages over windows and from the start', () => {
    const values = Float64Array.from([1, 2, 3, 4, 5, 6])
    expect(rolling(values, 2, 1)).toEqual([
      [1, 1],
      [2, 1.5],
      [3, 2.5],
      [4, 3.5],
      [5, 4.5],
      [6, 5.5],
    ])
    expect(cumulative(values).at(-1)).toEqual([6, 3.5])
  })
})
