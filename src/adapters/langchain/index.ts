export type { ModelCapabilities } from '../able-models.js'
export { type Answer, reward, runOf } from './message-runs.js'
export {
  RoutedChatModel,
  type RoutedChatModelCallOptions,
  type RoutedChatModelFields,
} from './routed-chat-model.js'
export {
  type AgentModelCall,
  type RoutingMiddlewareConfig,
  routingMiddleware,
} from './routing-middleware.js'
