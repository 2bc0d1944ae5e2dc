import { escapeHtml } from './escape.js'

type Attributes = Readonly<Record<string, string | number | undefined>>

/** An SVG element as a string. Attribute values are escaped; children have to be markup already. */
export function tag(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const parts = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${typeof value === 'number' ? round(value) : escapeHtml(value)}"`],
  )
  return children.length === 0
    ? `<${name}${parts.join('')}/>`
    : `<${name}${parts.join('')}>${children.join('')}</${name}>`
}

export function label(text: string, x: number, y: number, attributes: Attributes = {}): string {
  return tag('text', { x, y, ...attributes }, escapeHtml(text))
}

/** A text that shows when the pointer rests on the parent element. */
export function hint(text: string): string {
  return tag('title', {}, escapeHtml(text))
}

/** Coordinates to a tenth of a pixel. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** Path data through points; a null starts a new piece. */
export function polyline(points: readonly (readonly [x: number, y: number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${round(x)},${round(y)}`).join('')
}

/** The sizes in which a figure is drawn, narrowest first; the page shows the one that fits. */
export interface Size {
  readonly width: number
  readonly height: number
  /** CSS class that decides when it is shown. */
  readonly show: string
}

/** The whole drawing, one copy a size. */
export function drawing(name: string, sizes: readonly Size[], draw: (size: Size) => string): string {
  return sizes
    .map((size) =>
      tag(
        'svg',
        {
          viewBox: `0 0 ${size.width} ${size.height}`,
          width: size.width,
          height: size.height,
          class: size.show,
          role: 'img',
          'aria-label': name,
        },
        draw(size),
      ),
    )
    .join('')
}

export const FULL: readonly Size[] = [
  { width: 372, height: 340, show: 'only-s' },
  { width: 620, height: 400, show: 'only-m' },
  { width: 1064, height: 460, show: 'only-l' },
]

export const HALF: readonly Size[] = [
  { width: 372, height: 260, show: 'only-s' },
  { width: 520, height: 290, show: 'from-m' },
]

export const THIRD: readonly Size[] = [{ width: 372, height: 270, show: 'always' }]
