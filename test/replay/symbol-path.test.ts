import * as d3 from 'd3-shape'
import { describe, expect, it } from 'vitest'
import { type Mark, symbolPath } from '../../src/replay/report/symbol-path.js'

const SHAPES: Readonly<Record<Mark, d3.SymbolType>> = {
  circle: d3.symbolCircle,
  cross: d3.symbolCross,
  diamond: d3.symbolDiamond,
  square: d3.symbolSquare,
  star: d3.symbolStar,
  triangle: d3.symbolTriangle,
}

/** Corners of a path, in an order of their own: where it begins, and how lines are written, is no matter. */
function cornersOf(path: string): string[] {
  let [x, y] = [0, 0]
  const corners: string[] = []
  for (const [, command, numbers] of path.matchAll(/([MLHVhvA])([^MLHVhvAZ]*)/g)) {
    const values = numbers.split(',').map(Number)
    if (command === 'H') x = values[0]
    else if (command === 'V') y = values[0]
    else if (command === 'h') x += values[0]
    else if (command === 'v') y += values[0]
    else [x, y] = values.slice(-2)
    corners.push(`${Math.round(100 * x) / 100 + 0},${Math.round(100 * y) / 100 + 0}`)
  }
  return [...new Set(corners)].sort()
}

describe('marks of plots', () => {
  it.each(Object.keys(SHAPES) as Mark[])('are those of d3-shape: %s', (mark) => {
    for (const area of [32, 40, 64]) {
      const wanted = cornersOf(d3.symbol(SHAPES[mark], area)() ?? '')
      expect(wanted.length).toBeGreaterThan(1)
      expect(cornersOf(symbolPath(mark, area))).toEqual(wanted)
    }
  })
})
