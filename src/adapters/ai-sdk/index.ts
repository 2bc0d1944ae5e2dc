export type { ModelCapabilities } from '../able-models.js'
export type { AnyLanguageModel } from './language-model.js'
export { type RoutedModelOptions, reward, routed, runOf } from './routed-model.js'
