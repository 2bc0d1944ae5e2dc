import { isRecord } from '../../../base/check.js'
import { type Json, objectOf, parseObject, textOf } from '../../../base/json.js'

const PREFIX = 'aisdk:'

/**
 * What a provider wants back with its reasoning, in the one field that clients of messages give back: Anthropic's signature
 * as it is, others as own JSON. Empty: nothing.
 */
export function signatureOf(metadata: unknown): string {
  if (!isRecord(metadata)) return ''
  const own = textOf(objectOf(metadata.anthropic)?.signature)
  if (own !== '') return own
  return Object.keys(metadata).length === 0 ? '' : PREFIX + JSON.stringify(metadata)
}

export function signedOptions(signature: string): { readonly providerOptions?: Json } {
  if (signature === '') return {}
  const own = signature.startsWith(PREFIX) ? parseObject(signature.slice(PREFIX.length)) : null
  return { providerOptions: own ?? { anthropic: { signature } } }
}
