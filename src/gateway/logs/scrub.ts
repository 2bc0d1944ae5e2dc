import type { GatewayConfig } from '../config/config.js'
import { keptText } from '../config/key-texts.js'
import { Secret } from '../config/secret.js'

/** A secret that is shorter would be found in every text. */
const LENGTH_MIN = 6

/**
 * Puts the names of secrets where a text has the secrets themselves: upstreams quote keys in their errors, and clients send what they have at
 * hand. It knows those of all configs that it was given: a key that was changed may be valid still, and what is under way was sent with it.
 */
export class Scrubber {
  private readonly known = new Map<string, Part>()
  private replace: (text: string) => string = (text) => text

  add(config: GatewayConfig): void {
    const before = this.known.size
    for (const secret of secretsIn(config))
      for (const part of partsOf(secret))
        if (part.value.length >= LENGTH_MIN && !this.known.has(part.value)) this.known.set(part.value, part)
    if (this.known.size > before) this.replace = replacing([...this.known.values()])
  }

  scrub(text: string): string {
    return this.replace(text)
  }
}

/** For the secrets of one config. */
export function scrubberOf(config: GatewayConfig): (text: string) => string {
  const scrubber = new Scrubber()
  scrubber.add(config)
  return (text) => scrubber.scrub(text)
}

/** @param parts at least one */
function replacing(parts: Part[]): (text: string) => string {
  // The longer first: one may be the beginning of another.
  const secrets = parts.sort((a, b) => b.value.length - a.value.length)
  // Most texts are too short to have one in them, or have none.
  const shortest = secrets[secrets.length - 1].value.length
  const any = new RegExp(secrets.map(({ value }) => value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'))
  return (text) => {
    if (text.length < shortest || !any.test(text)) return text
    let left = text
    for (const { value, source } of secrets)
      if (left.includes(value)) left = left.replaceAll(value, () => source)
    return left
  }
}

interface Part {
  readonly value: string
  readonly source: string
}

/** The secret, as it stands in JSON and in URLs too, and the password of one that is a URL. */
function partsOf(secret: Secret): Part[] {
  const { source } = secret
  const value = secret.reveal()
  // A URL without a password stands in the config in plain text.
  if (value === source) return []
  const values = new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)])
  if (URL.canParse(value)) {
    const { password } = new URL(value)
    if (password !== '') for (const each of [password, decodeURIComponent(password)]) values.add(each)
  }
  return [...values].map((each) => ({ value: each, source }))
}

function secretsIn(value: unknown): Secret[] {
  if (value instanceof Secret) return [value]
  if (typeof value !== 'object' || value === null) return []
  const kept = keptText(value)
  return [...(kept === undefined ? [] : [kept]), ...Object.values(value).flatMap(secretsIn)]
}
