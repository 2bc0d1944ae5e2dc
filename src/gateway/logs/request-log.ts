import type { GatewayConfig, LogLevel } from '../config/config.js'
import { fieldsOf, type RequestObserver, type RequestRecord } from './request-record.js'

export type LineLevel = Exclude<LogLevel, 'silent'>

/** Where lines go: pino, in a server. */
export type WriteLine = (level: LineLevel, fields: Readonly<Record<string, unknown>>, message: string) => void

/**
 * One line a request. Prompts and answers are in it where `logging.content` is on, cut to `contentBytesMax` each; secrets of the
 * config never are, whoever quotes them.
 * @param scrub takes secrets out of a text
 */
export function requestLog(
  config: () => GatewayConfig,
  scrub: (text: string) => string,
  write: WriteLine,
): RequestObserver {
  return (record) => write(levelOf(record), lineOf(record, config(), scrub), 'request')
}

function levelOf({ outcome, status }: RequestRecord): LineLevel {
  if (outcome === 'failed' || status >= 500) return 'error'
  return outcome === 'refused' || status >= 400 ? 'warn' : 'info'
}

function lineOf(
  record: RequestRecord,
  { logging }: GatewayConfig,
  scrub: (text: string) => string,
): Record<string, unknown> {
  const { content, trace, key } = record
  const at = new Date(record.at).toISOString()
  const fields: Record<string, unknown> = fieldsOf(record, at, key === null ? null : scrub(key.id), scrub)
  fields.keyName = key === null ? null : scrub(key.name)
  if (trace != null) fields.traceparent = scrub(trace.traceparent)
  if (logging.content && content != null) {
    for (const name of ['prompt', 'answer'] as const) {
      const text = content[name]
      // Scrubbed before it is cut: half a secret would not be found.
      if (text !== undefined) fields[name] = cutToBytes(scrub(text), logging.contentBytesMax)
    }
  }
  return fields
}

/** At most `bytesMax` bytes of UTF-8, whole characters. */
export function cutToBytes(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax) return text
  const room = new Uint8Array(bytesMax)
  const { read } = new TextEncoder().encodeInto(text, room)
  return read < text.length ? `${text.slice(0, read)}…` : text
}
