import { isRecord } from '../../base/check.js'
import { type Json, objectsOf } from '../../base/json.js'
import type { Capability } from '../../index.js'
import type { CallOptions } from './language-model.js'

/** What a model must be able to do for a call. */
export function callNeeds({ prompt, tools, responseFormat, reasoning }: CallOptions): Set<Capability> {
  const needs = new Set<Capability>()
  if (Array.isArray(tools) && tools.length > 0) needs.add('tools')
  if (isRecord(responseFormat) && isRecord(responseFormat.schema)) needs.add('jsonSchema')
  if (typeof reasoning === 'string' && reasoning !== 'none' && reasoning !== 'provider-default')
    needs.add('reasoning')
  for (const { content } of prompt)
    for (const part of objectsOf(content))
      for (const each of part.type === 'tool-result' ? resultParts(part) : [part]) {
        const need = partNeeds(each)
        if (need !== null) needs.add(need)
      }
  return needs
}

/** What a tool gave back, where that is more than text. */
function resultParts({ output }: Json): readonly Json[] {
  return isRecord(output) ? objectsOf(output.value) : []
}

/** Of a file by its media type; of others by their own, `image-url` say. */
function partNeeds({ type, mediaType }: Json): Capability | null {
  const what = typeof mediaType === 'string' ? mediaType : String(type)
  if (/^image\b/.test(what)) return 'images'
  if (/^audio\b/.test(what)) return 'audio'
  return typeof mediaType === 'string' || /^file\b/.test(what) ? 'files' : null
}
