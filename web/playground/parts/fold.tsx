import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'

/** Narrower pages begin with their sections folded, px: what plays comes first. */
const NARROW = '(max-width: 760px)'

interface FoldProps {
  readonly id: string
  readonly title: string
  readonly children: ComponentChildren
}

/** A section that can be folded; on a narrow page it is at first. */
export function Fold({ id, title, children }: FoldProps) {
  const [isOpen] = useState(() => !matchMedia(NARROW).matches)
  return (
    <section aria-labelledby={`${id}-title`}>
      <details class="fold" id={id} open={isOpen}>
        <summary>
          <h2 id={`${id}-title`}>{title}</h2>
        </summary>
        {children}
      </details>
    </section>
  )
}
