export { type AiSdkUpstreamCall, callAiSdk } from './call-ai-sdk.js'
export type { ImportPackage } from './load.js'
export type { AiSdkCall, AiSdkModel, AiSdkProvider } from './model.js'
export { type AiSdkOptions, AiSdkProviders } from './providers.js'
