import { ParetoBanditError } from '../base/errors.js'
import type { PlatformUrl } from '../base/platform.js'
import { type FetchLimits, failureAt, fetchText, shownUrl } from './fetch-text.js'

/** Where a list is: a path, a URL, or what is in a list already. */
export type PriceSource = string | PlatformUrl | object

export interface ReadList {
  readonly value: unknown
  /** What errors and results call the list: the path, or the address but for what may be secret. */
  readonly name: string
}

export interface ReadLimits extends FetchLimits {
  /** What the list is called. */
  readonly name: string | undefined
  readonly readFile: ((path: string) => Promise<string>) | undefined
}

/** Reads a list. @throws PRICES_UNREADABLE; PRICES_INVALID for what is no JSON */
export async function readSource(source: PriceSource, limits: ReadLimits): Promise<ReadList> {
  const url = urlOf(source, limits.name)
  if (url !== null) {
    const name = limits.name ?? shownUrl(url)
    return { name, value: parsed(await fetchText(url, name, limits), name) }
  }
  if (typeof source !== 'string') return { name: limits.name ?? 'the given list', value: source }
  const name = limits.name ?? source
  return { name, value: parsed(await fileText(source, name, limits), name) }
}

/** Whether a source is an address, and no path. */
export function isAddress(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source)
}

function urlOf(source: PriceSource, name = 'the source'): URL | null {
  if (source instanceof URL) return source
  if (typeof source !== 'string' || !isAddress(source)) return null
  if (!URL.canParse(source)) throw failureAt(name)('expected an address such as https://host/path')
  return new URL(source)
}

async function fileText(path: string, name: string, { readFile, bytesMax }: ReadLimits): Promise<string> {
  try {
    if (readFile === undefined) {
      const { readFileText } = await import('../base/read-file.js')
      return await readFileText(path, bytesMax)
    }
    const text = await readFile(path)
    if (text.length > bytesMax) throw new RangeError(`expected at most ${bytesMax} bytes`)
    return text
  } catch (cause) {
    const why = cause instanceof RangeError ? cause.message : `it cannot be read${codeOf(cause)}`
    throw new ParetoBanditError('PRICES_UNREADABLE', '', `${name}: ${why}`, { cause })
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return error.code === 'ENOENT' ? ': no such file' : `: ${error.code}`
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    throw new ParetoBanditError('PRICES_INVALID', '', `${name}: expected a price list in JSON, it is no JSON`)
  }
}
