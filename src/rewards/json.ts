import { isRecord } from '../base/check.js'

/** An object of JSON. */
export type Json = { readonly [field: string]: unknown }

export function objectOf(value: unknown): Json | null {
  return isRecord(value) ? value : null
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Objects of a list; what else is in it is passed over. */
export function objectsOf(value: unknown): readonly Json[] {
  return listOf(value).filter(isRecord)
}

/** The texts of a content: a text, or parts of which some have one. */
export function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map((part) => (typeof part === 'string' ? part : textOf(objectOf(part)?.text)))
    .filter((text) => text !== '')
    .join('\n')
}

export function parseObject(text: string): Json | null {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return null
  }
}
