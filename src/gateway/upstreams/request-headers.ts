import type { UpstreamConfig } from '../config/config.js'
import { Secret } from '../config/secret.js'
import type { HeaderReader } from '../doors/client-request.js'
import type { ProtocolAdapter } from '../protocols/adapter.js'

const ANTHROPIC_VERSION = '2023-06-01'

/** What an upstream is sent: its key, its own headers, and those few of the client's that its protocol knows. */
export function upstreamHeaders(
  { protocol, apiKey, headers }: UpstreamConfig,
  { passedHeaders }: Pick<ProtocolAdapter, 'passedHeaders'>,
  client: HeaderReader,
): Record<string, string> {
  const sent: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    // Compressed bytes come late.
    'accept-encoding': 'identity',
  }
  for (const name of passedHeaders) {
    const value = client.get(name)
    if (value !== null) sent[name] = value
  }
  if (protocol === 'anthropic') sent['anthropic-version'] ??= ANTHROPIC_VERSION
  if (apiKey !== null) {
    if (protocol === 'anthropic') sent['x-api-key'] = apiKey.reveal()
    else sent.authorization = `Bearer ${apiKey.reveal()}`
  }
  for (const [name, value] of Object.entries(headers))
    sent[name] = value instanceof Secret ? value.reveal() : value
  return sent
}
