import type { Mistake, Path } from './mistake.js'

/** JSON schema (draft 7, which editors know best), as far as shapes say it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Names of environment variables and their values. */
export type Environment = Readonly<Record<string, string | undefined>>

/** One reading of a config: what secrets are taken from, and the mistakes found so far. */
export interface Reading {
  /** Null: secrets are not looked up; each reads as its own name. */
  readonly env: Environment | null
  readonly mistakes: Mistake[]
}

/** What is read of a value that is wrong: a mistake tells of it. */
export const WRONG: unique symbol = Symbol('wrong')
export type Read<T> = T | typeof WRONG

/**
 * What a value must be, said once: `read` checks it and fills in what is left out, `schema` says the same to editors. A
 * reading does not end at its first mistake.
 */
export interface Shape<T> {
  readonly schema: JsonSchema
  read(value: unknown, path: Path, reading: Reading): Read<T>
}

export function wrong({ mistakes }: Reading, path: Path, message: string): typeof WRONG {
  mistakes.push({ path, message })
  return WRONG
}
