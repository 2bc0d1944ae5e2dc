export type { ModelCapabilities } from '../able-models.js'
export { routed } from './routed.js'
export type { OpenAIClient, RoutedOptions } from './routed-options.js'
export { runOf } from './routed-request.js'
