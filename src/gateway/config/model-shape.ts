import { CAPABILITIES, type Capability } from '../../index.js'
import { mapped, object, optional, orNull, required, setOf, withDefault } from './compound-shapes.js'
import { MODEL_KINDS, type ModelConfig } from './config.js'
import { parameters } from './json-shape.js'
import { prices } from './price-shape.js'
import { integerIn, NO_DOTS, oneOf, text, textLike, yesOrNo } from './scalar-shapes.js'
import type { Shape } from './shape.js'
import { TOKENS_MAX, word } from './words.js'

/** As a file has it: what follows from other fields may be left out. */
interface FileModel extends Omit<ModelConfig, 'upstreamModel' | 'capabilities'> {
  readonly upstreamModel?: string
  readonly capabilities?: readonly Capability[]
}

const CHAT: readonly Capability[] = ['tools', 'jsonSchema']
const tokens = orNull(integerIn(1, TOKENS_MAX))
export const groups = setOf(word('a group'), 64)

const fileModel: Shape<FileModel> = object<FileModel>({
  id: required(
    textLike(
      `${NO_DOTS}(?!auto(?::|$))[!-~]{1,200}$`,
      "at most 200 visible ASCII characters, not 'auto' or 'auto:...', '.' or '..'",
    ),
    'what clients call it',
  ),
  upstream: required(word('the id of an upstream'), 'the id of its upstream'),
  upstreamModel: optional(text(), 'what the upstream calls it; default: its id'),
  kind: withDefault(oneOf(MODEL_KINDS), 'chat', 'an embeddings model is called by its id alone'),
  prices: required(orNull(prices), 'USD per million tokens; null: unknown, which no budget allows'),
  contextTokens: withDefault(tokens, null, 'longest prompt and answer together'),
  maxInputTokens: withDefault(tokens, null, 'longest prompt, where it is less than contextTokens'),
  maxOutputTokens: withDefault(tokens, null, 'longest answer'),
  capabilities: optional(
    setOf(oneOf(CAPABILITIES), CAPABILITIES.length),
    'what requests may need of it beyond text; default of a chat model: tools, jsonSchema',
  ),
  region: withDefault(orNull(word('a region')), null, 'where it runs'),
  groups: withDefault(groups, [], 'auto:GROUP routes among the models of a group'),
  parameters: withDefault(parameters, {}, 'merged into each request body: reasoning_effort, say'),
  defaultParameters: withDefault(
    parameters,
    {},
    'merged into request bodies that say nothing of the same: temperature, say',
  ),
  enabled: withDefault(yesOrNo, true, 'whether requests may go to it'),
})

export const model: Shape<ModelConfig> = mapped(fileModel, (given) =>
  Object.freeze({
    ...given,
    upstreamModel: given.upstreamModel ?? given.id,
    capabilities: given.capabilities ?? (given.kind === 'chat' ? CHAT : []),
  }),
)
