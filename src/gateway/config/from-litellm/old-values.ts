const NUMBER = /^[+-]?(\d[\d_]*(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

/** A number, or a text of one: LiteLLM turns most of them into numbers, and its YAML has `1e-6` for a text. Null: it is neither. */
export function numberIn(value: unknown): number | null {
  const text = typeof value === 'string' ? value.trim() : ''
  const number = NUMBER.test(text) ? Number(text.replaceAll('_', '')) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** True and false, also in the words that LiteLLM's YAML has for them. Null: it is something else. */
export function flagIn(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  if (/^(yes|true|on)$/.test(word)) return true
  return /^(no|false|off)$/.test(word) ? false : null
}
