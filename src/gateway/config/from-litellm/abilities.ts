import type { Json } from '../../../base/json.js'
import { CAPABILITIES, type Capability } from '../../../index.js'
import { flagIn, numberIn } from './old-values.js'

/** What a model can do, as far as somebody says so. */
export type SaidAbilities = { readonly [C in Capability]?: boolean | null | undefined }

const WORDS: { readonly [C in Capability]?: string } = {
  tools: 'supports_function_calling',
  jsonSchema: 'supports_response_schema',
  images: 'supports_vision',
  audio: 'supports_audio_input',
  files: 'supports_pdf_input',
  reasoning: 'supports_reasoning',
}

/** What is taken of a chat model that nobody has said. */
const USUAL: SaidAbilities = { tools: true, jsonSchema: true }

/** `capabilities` of a model; null: nothing is said of it. */
export function abilitiesOf(said: SaidAbilities): readonly Capability[] | null {
  const isSaid = (each: Capability) => typeof said[each] === 'boolean'
  if (!CAPABILITIES.some(isSaid)) return null
  return CAPABILITIES.filter((each) => (isSaid(each) ? said[each] : USUAL[each]) === true)
}

/** What an entry of LiteLLM's list or of its proxy's config says that the model takes; null: it says nothing. */
export function liteLlmAbilities(info: Json): readonly Capability[] | null {
  return abilitiesOf(
    Object.fromEntries(Object.entries(WORDS).map(([ours, word]) => [ours, flagIn(info[word])])),
  )
}

/** A number of tokens that a model's size can be; null: it is not one. */
export function sizeOf(value: unknown): number | null {
  const number = numberIn(value)
  return number !== null && Number.isInteger(number) && number >= 1 && number <= 5e8 ? number : null
}
