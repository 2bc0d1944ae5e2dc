import type { PlacedMistake } from './config-text.js'
import { pathText } from './mistake.js'

/** A config that cannot be used, with all that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG_INVALID'
  /** What the config is called: its file. */
  readonly source: string
  /** All that must be mended, with the place of each. */
  readonly mistakes: readonly PlacedMistake[]

  constructor(source: string, mistakes: readonly PlacedMistake[]) {
    super(mistakes.map((mistake) => lineOf(source, mistake)).join('\n'))
    this.source = source
    this.mistakes = mistakes
  }
}

/** `gateway.yaml:12:5: models[0].upstream: no upstream is called "opnai"`, as editors and terminals follow it. */
export function lineOf(source: string, { path, message, place }: PlacedMistake): string {
  const where = place === null ? source : `${source}:${place.line}:${place.column}`
  const field = pathText(path)
  return field === '' ? `${where}: ${message}` : `${where}: ${field}: ${message}`
}
