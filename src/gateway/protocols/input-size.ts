import { isRecord } from '../../base/check.js'
import { type Json, objectOf, textOf } from '../../base/json.js'
import type { InputSize } from './adapter.js'
import { accountSchemesIn } from './file-addresses.js'
import { bytesOfJson, bytesOfText, charsOfJson, charsOfNumber, charsOfText } from './written-chars.js'

type Sizes = { -readonly [F in keyof InputSize]: InputSize[F] }
/** Counts what a part of this type is, and gives what in its media members is to be counted besides; its others are counted as those of any object. */
type ReadPart = (part: Json, sizes: Sizes) => readonly unknown[]

/** A page of a PDF is some 1,500 to 3,000 tokens, its text and its picture, in some 10 kB. */
const TOKENS_PER_DOCUMENT_BYTE = 0.25
/** Some 10 tokens a second: of 16 kB as WAV at 8 kHz, of 4 kB compressed. */
const TOKENS_PER_WAVE_BYTE = 1 / 1600
const TOKENS_PER_SOUND_BYTE = 1 / 400
const BYTES_PER_BASE64_CHAR = 0.75
const DATA_URL = /^data:([^;,]*)/i
const BASE64_URL = /^data:[^,]{0,200};base64,/i

/** Members by which a part of a picture holds it, besides itself. */
const PICTURES = ['source', 'image_url', 'image']
/** What nobody has said the kind of. */
const ANY_BYTES = 'application/octet-stream'

/** Of a picture, or of what stands in its place: some providers read any file there. Which of several one reads nobody knows. */
const image: ReadPart = (part, sizes) => {
  const held = [part, ...PICTURES.map((name) => objectOf(part[name]) ?? { url: part[name] })].flatMap(heldIn)
  const files = held.filter(({ kind }) => kind !== 'image' && !kind.startsWith('image/'))
  for (const { data, kind } of files)
    if (kind === ANY_BYTES) sizes.unbounded ??= 'a file of no known kind'
    else addDocument(sizes, data, kind)
  if (files.every(({ kind }) => kind === ANY_BYTES)) sizes.images++
  return []
}

/** What stands there as base64 and as a data URL, and of which kind, as the client says. */
function heldIn({ data, media_type: type, url }: Json): { readonly data: string; readonly kind: string }[] {
  const inUrl = textOf(url).trim()
  const [, kind] = DATA_URL.exec(inUrl) ?? []
  return [
    ...(textOf(data) === '' ? [] : [{ data: textOf(data), kind: textOf(type).toLowerCase() || 'image' }]),
    // A data URL that does not say its kind is a text (RFC 2397).
    ...(kind === undefined ? [] : [{ data: inUrl, kind: kind.toLowerCase() || 'text/plain' }]),
  ]
}

const reference: ReadPart = ({ type }, sizes) => {
  refer(sizes, `${textOf(type)} that stands elsewhere`)
  return []
}

const sound: ReadPart = (part, sizes) => {
  const { data, format } = objectOf(part.input_audio) ?? part
  if (typeof data !== 'string') return reference(part, sizes)
  const each = format === 'wav' ? TOKENS_PER_WAVE_BYTE : TOKENS_PER_SOUND_BYTE
  sizes.knownTokens += data.length * BYTES_PER_BASE64_CHAR * each
  sizes.unbounded ??= 'sound'
  return []
}

const file: ReadPart = (part, sizes) => {
  const { file_data: data, filename } = objectOf(part.file) ?? part
  if (typeof data !== 'string') return reference(part, sizes)
  const [, kind = ''] = DATA_URL.exec(data) ?? []
  addDocument(sizes, data, kind)
  return [filename]
}

const document: ReadPart = (part, sizes) => {
  const source = objectOf(part.source)
  if (source === null) return []
  if (source.type === 'text' || source.type === 'content') return [source.data, source.content]
  if (typeof source.data !== 'string') return reference(part, sizes)
  addDocument(sizes, source.data, textOf(source.media_type))
  return []
}

const PARTS: Readonly<Record<string, ReadPart>> = {
  image,
  image_url: image,
  input_image: image,
  computer_screenshot: image,
  input_audio: sound,
  audio_url: reference,
  file,
  input_file: file,
  document,
  document_url: reference,
  video: reference,
  video_url: reference,
  input_video: reference,
  item_reference: reference,
  container_upload: reference,
}

/** Members by which parts have their media. Models read whatever else stands there, also where a message or a call has the type of a part. */
const MEDIA = new Set([
  'audio_url',
  'data',
  'detail',
  'document_url',
  'file',
  'file_data',
  'file_id',
  'file_url',
  'filename',
  'image',
  'image_url',
  'input_audio',
  'media_type',
  'source',
  'url',
  'video',
  'video_url',
])
const NONE: ReadonlySet<string> = new Set()
/** What stands in these is written out for the model as it is, whatever it looks like. */
const WRITTEN = new Set([
  'action',
  'arguments',
  'function_call',
  'input',
  'input_schema',
  'parameters',
  'schema',
  'tool_calls',
  'tools',
])

/** Names that every prompt has, and that say nothing. */
const STRUCTURE = new Set(['role', 'content', 'type', 'text', 'name', 'input', 'output', 'arguments', 'id'])
const WORDS = new Set(['role', 'type'])
const WORD_CHARS_MAX = 32

/** @param members what a model reads of a request */
export function inputSize(members: readonly unknown[]): InputSize {
  const sizes: Sizes = {
    chars: 0,
    bytes: 0,
    images: 0,
    knownTokens: 0,
    references: 0,
    unbounded: null,
    accountSchemes: accountSchemesIn(members, WRITTEN),
  }
  // Not by recursion: a client chooses how deep it goes.
  const left: unknown[] = [...members]
  while (left.length > 0) {
    const value = left.pop()
    sizes.bytes += 2
    if (typeof value === 'string') {
      sizes.chars += charsOfText(value)
      sizes.bytes += bytesOfText(value)
    } else if (Array.isArray(value)) {
      sizes.bytes += value.length
      for (const each of value) left.push(each)
    } else if (isRecord(value)) {
      const read = typeof value.type === 'string' ? partOf(value.type) : undefined
      if (read !== undefined) left.push(...read(value, sizes))
      addMembers(value, read === undefined ? NONE : MEDIA, sizes, left)
    } else if (value !== undefined && value !== null) {
      const chars = charsOfNumber(value)
      sizes.chars += chars
      sizes.bytes += chars
    }
  }
  return sizes
}

function partOf(type: string): ReadPart | undefined {
  return Object.hasOwn(PARTS, type) ? PARTS[type] : undefined
}

/** @param counted names of those that are counted already */
function addMembers(value: Json, counted: ReadonlySet<string>, sizes: Sizes, left: unknown[]): void {
  for (const name of Object.keys(value)) {
    const each = value[name]
    if (counted.has(name)) continue
    sizes.bytes += 4 + bytesOfText(name)
    if (!STRUCTURE.has(name)) sizes.chars += charsOfText(name)
    if (WORDS.has(name) && typeof each === 'string' && each.length <= WORD_CHARS_MAX) {
      sizes.bytes += bytesOfText(each)
      continue
    }
    if (name === 'audio' && typeof objectOf(each)?.id === 'string')
      refer(sizes, 'sound that stands elsewhere')
    if (WRITTEN.has(name) && typeof each === 'object') {
      sizes.chars += charsOfJson(each)
      sizes.bytes += bytesOfJson(each)
    } else left.push(each)
  }
}

function addDocument(sizes: Sizes, data: string, kind: string): void {
  const isBase64 = !DATA_URL.test(data) || BASE64_URL.test(data)
  const bytes = isBase64 ? data.length * BYTES_PER_BASE64_CHAR : bytesOfText(data)
  if (kind.startsWith('text/')) {
    sizes.chars += bytes
    sizes.bytes += bytes
    return
  }
  sizes.knownTokens += bytes * TOKENS_PER_DOCUMENT_BYTE
  sizes.unbounded ??= 'a document'
}

function refer(sizes: Sizes, what: string): void {
  sizes.references++
  sizes.unbounded ??= what
}
