import { Figure } from './figure.js'
import { Frontier } from './frontier.js'
import { Notes } from './notes.js'
import { Quality, ShadowPrice, Spend } from './over-time.js'
import { Shares } from './shares.js'

/** What the router does: spend, quality, shares, the frontier, the shadow price, and what happened. */
export function Charts() {
  return (
    <section class="charts" aria-label="What the router does">
      <Spend />
      <Quality />
      <Shares />
      <Figure
        title="Quality over cost"
        note="A diamond is one model for every prompt, the dotted line the best mix of two models. The dot is the router (policy dollar) since the last change, with its 95 % interval; the ring is policy paper."
      >
        <Frontier />
      </Figure>
      <ShadowPrice />
      <Notes />
    </section>
  )
}
