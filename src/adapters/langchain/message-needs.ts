import type { BaseMessage } from '@langchain/core/messages'
import { type Capability, partTypes } from '../../index.js'

/** What blocks of a message need of a model: by the names that LangChain has for them, and the providers. */
const NEEDS: Readonly<Record<string, Capability>> = {
  image: 'images',
  image_url: 'images',
  input_image: 'images',
  audio: 'audio',
  input_audio: 'audio',
  file: 'files',
  input_file: 'files',
  document: 'files',
  video: 'files',
}

/** What a model must be able to do for these messages. */
export function messageNeeds(messages: readonly BaseMessage[]): Set<Capability> {
  const types = partTypes(messages.map(({ content }) => content))
  return new Set(types.flatMap((type) => (Object.hasOwn(NEEDS, type) ? [NEEDS[type]] : [])))
}
