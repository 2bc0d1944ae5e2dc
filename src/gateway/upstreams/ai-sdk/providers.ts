import type { UpstreamConfig } from '../../config/config.js'
import { checkModel, type ImportPackage, importPackage, loadProvider } from './load.js'
import type { AiSdkModel, AiSdkProvider } from './model.js'

export interface AiSdkOptions {
  /** Providers by the id of their upstream, as `google` of `@ai-sdk/google` is one: instead of a package in the config. */
  readonly providers?: Readonly<Record<string, AiSdkProvider>> | undefined
  /** Default: `import(name)`, from where this package is installed. */
  readonly importPackage?: ImportPackage | undefined
}

/** Models of the AI SDK. A package is loaded when one of its models is asked for the first time. */
export class AiSdkProviders {
  private readonly options: AiSdkOptions
  /** By the upstream's config: an edited one is loaded again. */
  private readonly loaded = new WeakMap<UpstreamConfig, Promise<AiSdkProvider>>()

  private readonly answerBytesMax: () => number

  constructor(options: AiSdkOptions, answerBytesMax: () => number) {
    this.options = options
    this.answerBytesMax = answerBytesMax
  }

  /** @throws (the promise is rejected with) UpstreamFailure for what the operator must mend */
  async modelOf(upstream: UpstreamConfig, modelId: string): Promise<AiSdkModel> {
    const { providers = {}, importPackage: load = importPackage } = this.options
    if (Object.hasOwn(providers, upstream.id)) return checkModel(await providers[upstream.id](modelId))
    let loading = this.loaded.get(upstream)
    if (loading === undefined) {
      loading = loadProvider(upstream, load, this.answerBytesMax)
      this.loaded.set(upstream, loading)
      // A package that is installed later is found.
      loading.catch(() => this.loaded.delete(upstream))
    }
    return (await loading)(modelId)
  }
}
