import type { AIMessage, BaseMessage } from '@langchain/core/messages'
import { uniqueId } from '../../base/unique-id.js'
import { kindOf, refused } from '../given.js'
import { sessionOfTurn } from './message-runs.js'
import { RoutedChatModel, type RoutedChatModelFields } from './routed-chat-model.js'

/** A call of a model by an agent of LangChain, as far as it is read. */
export interface AgentModelCall {
  /** The conversation so far, without the system prompt. */
  readonly messages: readonly BaseMessage[]
}

/** What LangChain's `createMiddleware` is given. */
export interface RoutingMiddlewareConfig {
  /** `paretobandit`. */
  readonly name: string
  /** Calls the model that the router chooses, in place of the agent's own. */
  readonly wrapModelCall: (
    request: AgentModelCall,
    handler: (request: never) => AIMessage | Promise<AIMessage>,
  ) => AIMessage | Promise<AIMessage>
}

/**
 * A middleware for `createAgent` of the package `langchain`: each call of the agent's model goes to the one that the router chooses. All
 * calls since the user's latest message are a session: they share a model while it answers, and a reward (`reward(result, 0.9)`). Calls
 * are booked, failed over and cancelled as those of a `RoutedChatModel`.
 * @param createMiddleware that of the package `langchain`, which is not loaded here
 * @param fields those of a `RoutedChatModel`
 * @throws INVALID_ARGUMENT for no function, and as `RoutedChatModel`
 */
export function routingMiddleware<Middleware>(
  createMiddleware: (config: RoutingMiddlewareConfig) => Middleware,
  fields: RoutedChatModelFields,
): Middleware {
  if (typeof createMiddleware !== 'function')
    throw refused(
      'createMiddleware',
      `expected that of the package 'langchain', got ${kindOf(createMiddleware)}`,
    )
  const check = new RoutedChatModel(fields)
  return createMiddleware({
    name: check._llmType(),
    wrapModelCall: (request, handler) => {
      const session = fields.run?.session ?? sessionOfTurn(request.messages) ?? uniqueId()
      const model = new RoutedChatModel({ ...fields, run: { ...fields.run, session } })
      return handler({ ...request, model } as never)
    },
  })
}
