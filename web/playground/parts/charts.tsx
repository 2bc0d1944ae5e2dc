import { QualityOverCost } from './frontier.js'
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
      <QualityOverCost />
      <ShadowPrice />
      <Notes />
    </section>
  )
}
