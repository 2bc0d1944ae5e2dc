import type { RunOptions } from '../../index.js'
import type { Rewards } from '../../rewards/index.js'
import type { ModelCapabilities } from '../able-models.js'

/** A client of the package `openai`, or one that speaks as it does: whatever has these is routed, all else stays. */
export type OpenAIClient = object

/** How a client is routed. */
export interface RoutedOptions {
  /** The `model` of a request that the router is to choose. Others go to the client as they are. Default `auto`. */
  readonly auto?: string | undefined
  /** What a model is called at its provider, by its id in the router. Default: its id. */
  readonly names?: Readonly<Record<string, string>> | undefined
  /** Clients of models that are not this client's, by their ids in the router. */
  readonly clients?: Readonly<Record<string, OpenAIClient>> | undefined
  /**
   * What models can do beyond text, by their ids in the router: `{ small: ['tools'] }`. A model that cannot take a request is no
   * candidate for it; NO_ELIGIBLE_MODEL where none can. Default: each can do everything.
   */
  readonly capabilities?: ModelCapabilities | undefined
  /** Options of every request: a tenant, limits, `triesMax`. */
  readonly run?: RunOptions | undefined
  /** Makes rewards of the answers: by validators, and by a judge where it has one. Default: nobody does. */
  readonly rewards?: Rewards | undefined
  /** What the conversation is called that a request is a step of. Default: `metadata.session_id`, if it is a text. */
  readonly session?: ((body: Readonly<Record<string, unknown>>) => string | undefined) | undefined
}
