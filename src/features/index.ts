export { type DefaultEncoderOptions, defaultEncoder, defaultPca } from './default-encoder.js'
export type { AnyEncoder, AsyncEncoder, Encoder } from './encoder.js'
export {
  type AsyncFunctionEncoderOptions,
  type FunctionEncoderOptions,
  functionEncoder,
} from './function-encoder.js'
export { createHashingEncoder, type HashingEncoderOptions } from './hashing-encoder.js'
export { type LookupEncoderOptions, lookupEncoder } from './lookup-encoder.js'
export { type FitPcaOptions, fitPca, type PcaModel, pcaFingerprint, pcaFromBytes, pcaToBytes } from './pca.js'
export { type FitProjectionOptions, fitProjection, type Projection } from './projection.js'
export { estimateTokens, unitTokens } from './text-tokens.js'
