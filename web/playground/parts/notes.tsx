import { count } from '../../shared/format.js'
import { visible } from '../../shared/name.js'
import { Scroll } from '../../shared/scroll.js'
import { view } from '../state.js'

/** What people changed and what the router noticed, the latest first. */
export function Notes() {
  const notes = [...(view.value?.notes ?? [])].reverse()
  return (
    <section class="happened" aria-label="What happened">
      <h2>What happened</h2>
      {notes.length === 0 ? (
        <p class="quiet">
          Nothing yet. Change something: what you did and what the router noticed stands here.
        </p>
      ) : (
        <Scroll name="notes" label="What happened, latest first">
          <ol id="notes">
            {notes.map(({ request, who, text }, i) => (
              <li key={`${notes.length - i} ${request}`} class={who}>
                <small>
                  after {count(request)} requests, {who === 'you' ? 'you' : 'the router'}
                </small>{' '}
                {visible(text)}
              </li>
            ))}
          </ol>
        </Scroll>
      )}
    </section>
  )
}
