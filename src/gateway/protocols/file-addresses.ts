import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'

/** One more than `requests.allow` can name: of this many one at least is not allowed. */
const SCHEMES_MAX = 1001

/** All that whoever asks can read too: what stands on the web, and in the request itself. */
const OPEN_SCHEMES = new Set(['http', 'https', 'data'])
/** Readers take what stands in `<>` and behind `url:` too, and `file:` without a slash. */
const SCHEME = /^(?:<|url:)*(?:(file):|([a-z][a-z\d+.-]*):[/\\])/i
const HEAD_CHARS = 64
/** No longer one can be opened. */
const PATH_CHARS_MAX = 4096
const PATH = /^(?:\.\.?|~)?\//
const UPWARDS = /\/\.\.\//
/** The beginnings of a JPEG and a JPEG 2000 in base64, which are those of a path too. */
const PICTURE = /^\/(?:9j\/|0\/\/)[a-z\d+/=]*$/i
/** A text that is nothing but an address of a store: multimodal models for embeddings read what is there in its place. */
const STORED = /^\s*(abfss?|az|cos|file|gs|obs|oss|s3|tos|wasbs?):\/\/\S+\s*$/i

/** Names are compared as servers in Go do, whatever their case, and without their underscores. */
const HOLDERS = new Set([
  'AUDIO',
  'FILE',
  'FILEDATA',
  'FILEID',
  'IMAGE',
  'INLINEDATA',
  'INPUTAUDIO',
  'S3LOCATION',
  'VIDEO',
])
/** What these are is text, wherever they stand; parts within them have their own addresses. */
const TEXTS = new Set([
  'CONTENT',
  'CONTEXT',
  'DETAIL',
  'DISPLAYNAME',
  'FILENAME',
  'FORMAT',
  'MEDIATYPE',
  'MIMETYPE',
  'NAME',
  'ROLE',
  'TEXT',
  'TITLE',
  'TRANSCRIPT',
  'TYPE',
])
/** What an answer before rests on, what is noted of a file, and where a browser is: nobody reads there. */
const SAID = new Set(['ANNOTATIONS', 'ATTRIBUTES', 'CITATIONS', 'CURRENTURL', 'METADATA'])
/** These may be base64, and are never opened as a path. */
const ENCODED = new Set(['BYTES', 'DATA', 'FILEDATA'])
const MEDIA_TYPE = /image|video|audio|document|file/i

/**
 * The schemes of addresses that a provider may read with the rights of its account, and not with those of whoever asks: `gs`, `s3`, and
 * `file`, also of a bare path.
 *
 * @param written names of members that are written out for the model as they are
 */
export function accountSchemesIn(
  members: readonly unknown[],
  written: ReadonlySet<string>,
): ReadonlySet<string> {
  const found = new Set<string>()
  // Not by recursion: a client chooses how deep it goes.
  const left: unknown[] = [...members]
  /** What stands where an address is expected. */
  const held: unknown[] = []
  while (found.size < SCHEMES_MAX && left.length + held.length > 0) {
    const isHeld = held.length > 0
    const value = isHeld ? held.pop() : left.pop()
    if (typeof value === 'string') {
      if (isHeld) addScheme(found, value, true)
    } else if (Array.isArray(value)) {
      for (const each of value) (isHeld ? held : left).push(each)
    } else if (isRecord(value))
      for (const name of Object.keys(value)) {
        const each = value[name]
        if (typeof each !== 'string' && (typeof each !== 'object' || each === null)) continue
        const key = name.replaceAll('_', '').toUpperCase()
        if (SAID.has(key) || (!isHeld && written.has(name))) continue
        if (TEXTS.has(key) || !isAddress(key, each, value, isHeld)) left.push(each)
        else if (typeof each === 'string') addScheme(found, each, !ENCODED.has(key))
        else held.push(each)
      }
  }
  return found
}

/** The scheme of a text of embeddings that some provider reads as a file; null: it is a text. */
export function storeOf(text: string): string | null {
  return STORED.exec(text)?.[1].toLowerCase() ?? null
}

function isAddress(key: string, each: unknown, { type }: Json, isHeld: boolean): boolean {
  if (key === 'DATA' && (type === 'text' || type === 'content')) return false
  if (isHeld || HOLDERS.has(key) || key.endsWith('URL') || key.endsWith('URI')) return true
  // Of a search result it is a text.
  if (key === 'SOURCE' && typeof each !== 'string') return true
  return (key === 'SOURCE' || key === 'DATA') && typeof type === 'string' && MEDIA_TYPE.test(type)
}

function addScheme(found: Set<string>, address: string, mayBePath: boolean): void {
  const head = headOf(address)
  const match = SCHEME.exec(head)
  const scheme = (match?.[1] ?? match?.[2])?.toLowerCase()
  if (scheme !== undefined) {
    if (!OPEN_SCHEMES.has(scheme)) found.add(scheme)
  } else if (mayBePath && address.length <= PATH_CHARS_MAX && isPath(address, head)) found.add('file')
}

function isPath(address: string, head: string): boolean {
  return UPWARDS.test(address) || (PATH.test(head) && !PICTURE.test(address.replace(/\s+/g, '')))
}

/** The first characters that readers of addresses do not pass over, as they do line ends and spaces. */
function headOf(address: string): string {
  let head = ''
  for (let i = 0; i < address.length && head.length < HEAD_CHARS; i++) {
    const unit = address.charCodeAt(i)
    if (unit > 32 && unit < 127) head += address[i]
  }
  return head
}
