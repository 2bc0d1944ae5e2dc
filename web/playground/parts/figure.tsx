import type { ComponentChildren } from 'preact'
import type { ModelMark } from '../../shared/palette.js'

interface FigureProps {
  readonly title: string
  readonly note: ComponentChildren
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

/** A square of a model's colour; where another has the same colour it is striped, as its area is. */
export function Swatch({ mark: { color, dash } }: { readonly mark: ModelMark }) {
  return (
    <svg class="swatch" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {dash.length === 0 ? (
        <rect width="12" height="12" rx="2" fill={color} />
      ) : (
        <path d="M0 6H12" stroke={color} stroke-width="12" stroke-dasharray={dash.join(' ')} />
      )}
    </svg>
  )
}
