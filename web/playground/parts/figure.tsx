import type { ComponentChildren } from 'preact'

interface FigureProps {
  readonly title: string
  readonly note: string
  readonly children: ComponentChildren
}

/** A chart with its title and what it shows. */
export function Figure({ title, note, children }: FigureProps) {
  return (
    <figure>
      <figcaption>
        <b>{title}</b>
        {note}
      </figcaption>
      {children}
    </figure>
  )
}

interface KeyLine {
  readonly name: string
  readonly mark: 'line' | 'dots' | 'dashes' | 'mix' | 'dot' | 'ring'
  readonly value: string
  /** Id of the element that has the value. */
  readonly id?: string
}

/** Which line is which, and where each one is now. */
export function Key({ lines }: { lines: readonly KeyLine[] }) {
  return (
    <p class="key">
      {lines.map(({ name, mark, value, id }) => (
        <span key={name}>
          <svg class={`mark ${mark}`} viewBox="0 0 22 8" width="22" height="8" aria-hidden="true">
            {mark === 'dot' || mark === 'ring' ? <circle cx="11" cy="4" r="3.5" /> : <path d="M0 4H22" />}
          </svg>
          {name} {value === '' ? null : <b id={id}>{value}</b>}
        </span>
      ))}
    </p>
  )
}

/** A square of a model's colour. */
export function Swatch({ color }: { color: string }) {
  return (
    <svg class="swatch" viewBox="0 0 10 10" width="11" height="11" aria-hidden="true">
      <rect width="10" height="10" rx="2" fill={color} />
    </svg>
  )
}
