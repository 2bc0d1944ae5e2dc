import { LatestMap } from '../../base/latest-map.js'
import type { Surface } from '../logs/request-record.js'

/** Refusals in a row that may be due to what clients asked; further ones are failures of the model. */
const EXCUSED = 3
/** Models that are counted: a config has fewer, but models come and go. */
export const MODELS_MAX = 10_000
/** A path that a provider lacks is tried again after so long, and then after twice as long, ms. */
const SHUT_MS = 60_000
const SHUT_MS_MAX = 600_000

/** What one model did on one surface since it last answered there. */
interface Row {
  count: number
  /** Meanwhile it has answered on another: it is this one alone that its provider refuses. */
  answersElsewhere: boolean
  shutUntil: number
  shutMs: number
}

/** How often in a row the provider of a model refused the key, the account, the name of the model, or a path that it does not have. */
export class Refusals {
  private readonly rows = new LatestMap<string, Map<Surface, Row>>(MODELS_MAX)
  private readonly now: () => number

  /** @param now of a clock that nobody sets, ms */
  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  /** @returns whether it counts as a failure of the model, whatever is asked of it */
  add(model: string, surface: Surface): boolean {
    const ofModel = this.rows.get(model) ?? new Map<Surface, Row>()
    const row = ofModel.get(surface) ?? {
      count: 0,
      answersElsewhere: false,
      shutUntil: Number.NEGATIVE_INFINITY,
      shutMs: SHUT_MS,
    }
    row.count++
    ofModel.set(surface, row)
    this.rows.set(model, ofModel)
    if (row.count <= EXCUSED) return false
    if (!row.answersElsewhere) return true
    const now = this.now()
    // Of those that were under way together one is enough.
    if (now < row.shutUntil) return false
    row.shutUntil = now + row.shutMs
    row.shutMs = Math.min(2 * row.shutMs, SHUT_MS_MAX)
    return false
  }

  /** The model has answered. */
  end(model: string, surface: Surface): void {
    const ofModel = this.rows.get(model)
    if (ofModel === undefined) return
    ofModel.delete(surface)
    if (ofModel.size === 0) this.rows.delete(model)
    for (const row of ofModel.values()) row.answersElsewhere = true
  }

  /** Models that answer elsewhere, and whose provider refuses this surface: nobody need try it again so soon. */
  shut(models: readonly { readonly id: string }[], surface: Surface): readonly string[] {
    if (this.rows.size === 0) return []
    const now = this.now()
    return models.flatMap(({ id }) => {
      const row = this.rows.get(id)?.get(surface)
      return row !== undefined && now < row.shutUntil ? [id] : []
    })
  }
}
