import { expected, isList } from '../base/errors.js'
import { reading } from '../base/read-once.js'
/** What a request may need of a model beyond text. */
export const CAPABILITIES = [
  'tools',
  'jsonSchema',
  'images',
  'audio',
  'files',
  'reasoning',
  'logprobs',
] as const
export type Capability = (typeof CAPABILITIES)[number]

/** What is said of a model without it. */
export const LACKS: Readonly<Record<Capability, string>> = {
  tools: 'takes no tools',
  jsonSchema: 'takes no JSON schema',
  images: 'takes no images',
  audio: 'takes no audio',
  files: 'takes no files',
  reasoning: 'takes no parameters of reasoning',
  logprobs: 'gives no logprobs',
}

/** What a request needs and a model has not, in the order of the needs. @throws INVALID_ARGUMENT for what is no list */
export function missingCapabilities(
  has: readonly Capability[],
  needs: Iterable<Capability>,
): readonly Capability[] {
  return reading('capabilities', () => lackOf(has, needs))
}

function lackOf(has: readonly Capability[], needs: Iterable<Capability>): readonly Capability[] {
  if (!isList(has)) throw expected('INVALID_ARGUMENT', 'has', 'a list of capabilities', has)
  if (typeof needs?.[Symbol.iterator] !== 'function')
    throw expected('INVALID_ARGUMENT', 'needs', 'a list of capabilities', needs)
  return [...needs].filter((need) => !has.includes(need))
}
