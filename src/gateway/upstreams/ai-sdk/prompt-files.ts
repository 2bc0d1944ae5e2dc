import { isRecord } from '../../../base/check.js'
import { type Json, listOf } from '../../../base/json.js'
import { RequestError } from '../../protocols/adapter.js'
import type { AiSdkModel, PromptMessage } from './model.js'

/**
 * The files of a prompt as the model's specification has them. The gateway fetches nothing that a request names: an address
 * goes on to a model that fetches it itself, and is refused for others.
 * @throws (the promise is rejected with) RequestError
 */
export async function withFiles(
  prompt: readonly PromptMessage[],
  model: AiSdkModel,
): Promise<readonly PromptMessage[]> {
  const isTagged = Number(model.specificationVersion.slice(1)) >= 4
  const urls = hasAddress(prompt) ? await model.supportedUrls : null
  return prompt.map((message) => {
    if (message.role === 'system') return message
    const content = message.content.map((part) => {
      if (part.type !== 'file') return part
      const { data } = part
      if (data instanceof URL && !isFetched(data.href, String(part.mediaType), urls))
        throw new RequestError('a file: this model takes data URLs, and fetches no address of this kind')
      if (!isTagged) return part
      return { ...part, data: data instanceof URL ? { type: 'url', url: data } : { type: 'data', data } }
    })
    return { ...message, content }
  })
}

function hasAddress(prompt: readonly PromptMessage[]): boolean {
  return prompt.some(
    (message) => message.role !== 'system' && message.content.some((part: Json) => part.data instanceof URL),
  )
}

function isFetched(url: string, mediaType: string, supported: unknown): boolean {
  if (!isRecord(supported)) return false
  const [kind] = mediaType.split('/')
  return Object.entries(supported).some(
    ([type, patterns]) =>
      (type === '*' || type === '*/*' || type === mediaType || type.startsWith(`${kind}/`)) &&
      listOf(patterns).some((pattern) => pattern instanceof RegExp && new RegExp(pattern).test(url)),
  )
}
