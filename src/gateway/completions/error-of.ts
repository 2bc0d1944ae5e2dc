import { isRecord } from '../../base/check.js'
import { type Json, listOf, objectOf, objectsOf, parseJson, textOf } from '../../base/json.js'

/** What its provider may fetch: what stands there, and where it sends whoever asks, is its client's to choose. */
const ADDRESS = /^\s*[a-z][\w+.-]*:\/\//i

/**
 * Whether an error is of certain members of a request. Its fields say so (`param` of OpenAI, `loc` of pydantic). Where it has none, its words
 * do, unless they may be the client's own: providers quote what they do not take, and for whoever fetches something that may be another thing
 * the second time.
 * @param text the beginning of the answer's body
 * @param body as the client sent it
 */
export function isErrorOf(members: readonly string[], text: string, body: Json): boolean {
  if (!members.some((name) => text.includes(name))) return false
  const places = placesIn(objectOf(parseJson(text)))
  if (places.length > 0) return places.some((place) => members.includes(place))
  return !mayBeQuoted(members, body)
}

/** Members that an error says it is of; empty: it has no field for them. */
function placesIn(error: Json | null): readonly string[] {
  const param = textOf(objectOf(error?.error)?.param)
  if (param !== '') return param.split(/[.[]/, 1)
  const mistakes = [error?.detail, objectOf(error?.message)?.detail, objectOf(error?.error)?.detail]
  return mistakes.flatMap(objectsOf).flatMap(({ loc }) => {
    const [first, second] = listOf(loc)
    return textOf(first === 'body' ? second : first) || []
  })
}

/** Whether a client says these names elsewhere than as members of its request, or has something fetched. */
function mayBeQuoted(members: readonly string[], { stream_options: options, ...body }: Json): boolean {
  const isOne = (text: string) => {
    const small = text.toLowerCase()
    return members.some((name) => small.includes(name))
  }
  if (Object.keys(body).some((name) => !members.includes(name) && isOne(name))) return true
  // Not by recursion: a client chooses how deep it goes.
  const left: unknown[] = [...Object.values(body), ...Object.values(objectOf(options) ?? {})]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value === 'string') {
      if (ADDRESS.test(value) || isOne(value)) return true
    } else if (Array.isArray(value)) for (const each of value) left.push(each)
    else if (isRecord(value))
      for (const [name, each] of Object.entries(value)) {
        if (isOne(name)) return true
        left.push(each)
      }
  }
  return false
}
