import type { Collected } from './collected.js'
import { type Contract, FREE_TEXT } from './contract.js'
import { fitsSchema } from './json-schema.js'

/**
 * Whether an answer keeps to what was asked: its text to the schema of answers, calls to those of their tools.
 * @returns null where it cannot be told
 */
export function keeps({ schema, tools }: Contract, collected: Collected): boolean | null {
  if (collected.isTooLong) return null
  if (schema !== null && collected.texts.size === 0 && collected.calls.size === 0) return false
  let isUndecided = false
  const note = (fits: boolean | null) => {
    isUndecided ||= fits === null
    return fits !== false
  }
  const isKept =
    [...collected.calls.values()].every(({ name, args }) => {
      // A tool of the provider's own.
      if (tools === null) return true
      if (!tools.has(name)) return false
      const asked = tools.get(name) ?? true
      if (asked === FREE_TEXT) return true
      const given = parsed(args === '' ? '{}' : args)
      return given !== undefined && note(fitsSchema(given, asked))
    }) &&
    (schema === null ||
      [...collected.texts.values()].every((text) => {
        // What is said beside a call is no answer.
        if (collected.calls.size > 0) return true
        const given = parsed(text)
        return given !== undefined && note(fitsSchema(given, schema))
      }))
  if (!isKept) return false
  return isUndecided ? null : true
}

/** Undefined: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
