import { grownTogether, type Mistake, type Path } from '../mistake.js'

/** The name of a member as it may be told: YAML makes a secret part of it where a space is missing (`{ api_key:sk-... }`). */
export function toldName(name: string): string {
  return grownTogether(name) === null ? toldModel(name) : hidden(name)
}

/** The same of the name of a model, which may have a colon. */
export function toldModel(name: string): string {
  return hasMember(name) || hasSecretMember(name) ? hidden(name) : name
}

function hidden(name: string): string {
  return `a name of ${name.length} characters`
}

/** Without a space behind its sign: with one it is a mistake of YAML. */
const MEMBER = /\s[A-Za-z_][\w.$-]*[:=](?!\/\/)\S/
const SECRET_MEMBER =
  /(?:^|\s)[\w.$-]*(?:auth|key|token|secret|passw|cookie|credential|signature)[\w.$-]*[:=](?!\/\/)\S{8}/i

/** Whether a short text, as the name of a model, has a member of its object in it: YAML joins it to the text of the line before. */
export function hasMember(text: string): boolean {
  return MEMBER.test(text)
}

/** The same of a text of any length, which may well have an example in it. */
export function hasSecretMember(text: string): boolean {
  return SECRET_MEMBER.test(text)
}

/** Names without a value, as their value is in them: what LiteLLM made of them is not what was meant. */
export function grownNames(value: unknown, path: Path = [], seen = new Set<unknown>()): Mistake[] {
  // An alias of YAML may stand within what it is of.
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  return Object.entries(value).flatMap(([name, each]) => {
    const grown = each === null && !Array.isArray(value) ? grownTogether(name) : null
    if (grown !== null) return [{ path, message: `expected ${grown}` }]
    return grownNames(each, [...path, Array.isArray(value) ? Number(name) : name], seen)
  })
}
