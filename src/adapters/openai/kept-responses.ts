import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import { LatestMap } from '../../base/latest-map.js'

/** Responses and conversations that are remembered, the latest. */
export const KEPT_MAX = 10_000

/** Which models gave what their providers keep: others know no such response. */
export class KeptResponses {
  private readonly models = new LatestMap<string, string>(KEPT_MAX)

  /** @param value an answer, or an event of its stream */
  heard(value: unknown, model: string): void {
    const { response = value } = isRecord(value) ? value : {}
    if (!isRecord(response) || response.object !== 'response') return
    for (const id of [response.id, idOf(response.conversation)])
      if (typeof id === 'string') this.models.set(id, model)
  }

  /** The model that gave what a request goes on with; null: it goes on with nothing, or with what nobody here has heard of. */
  modelOf({ previous_response_id: previous, conversation }: Json): string | null {
    const id = previous ?? idOf(conversation)
    return typeof id === 'string' ? (this.models.get(id) ?? null) : null
  }
}

function idOf(conversation: unknown): unknown {
  return isRecord(conversation) ? conversation.id : conversation
}
