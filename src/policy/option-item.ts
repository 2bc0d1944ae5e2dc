import type { PolicyCommand } from './commands.js'
import type { RouterOptions } from './options.js'

/** One thing that options say of a router's state, beside what a log has of it. */
export interface OptionItem {
  readonly option: keyof RouterOptions
  /** Its path, for people: `tenants["acme"].caps`. Two items share it where one thing differs in two ways, as a model does that is disabled and has another price. */
  readonly field: string
  /** As the options have it, in words; null: they no longer have it. Equal texts are equal values. */
  readonly given: string | null
  /** As the log has it; null: it has none. */
  readonly found: string | null
  /** What makes it as the options have it. */
  readonly command: PolicyCommand
}

/** What options said at an earlier start, by field; null where nobody knows. */
export type SaidOptions = ReadonlyMap<string, string> | null

/** Of something that is not there. */
export const NONE = 'none'

export function dollarsText(usd: number | null): string {
  return usd === null ? NONE : String(usd)
}
