import { useState } from 'preact/hooks'
import { Scroll } from '../../shared/scroll.js'
import { view } from '../state.js'

/** What `router.stats()` says, word for word. */
export function Stats() {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <section aria-label="Statistics">
      <details id="stats" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>
          All that the router says of itself: <code>router.stats()</code>
        </summary>
        {isOpen ? (
          <Scroll name="json" label="router.stats()">
            <pre>{JSON.stringify(view.value?.stats, null, 2)}</pre>
          </Scroll>
        ) : null}
      </details>
    </section>
  )
}
