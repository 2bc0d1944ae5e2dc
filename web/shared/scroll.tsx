import type { ComponentChildren } from 'preact'

/** A part of the page that scrolls by itself: the keyboard reaches it, so that it can be scrolled by keys. */
export function Scroll({
  label,
  name,
  children,
}: {
  label: string
  name: string
  children: ComponentChildren
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to take the focus
    <section class={name} tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}
