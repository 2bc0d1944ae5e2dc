import { parseArgs } from 'node:util'
import { FlagError } from '../flags.js'

export interface DurableFlags {
  readonly quick: boolean
  readonly jsonFile: string | null
  /** Whether the table of docs/SCALE.md is rewritten. */
  readonly write: boolean
}

const USAGE = 'usage: npm run bench:durable -- [--quick] [--json FILE] [--write]'

/** @throws FlagError */
export function parseDurableFlags(args: readonly string[]): DurableFlags {
  const { quick = false, write = false, json = null } = parse(args)
  if (write && quick) throw new FlagError('--write: the docs need a whole run, without --quick')
  return { quick, jsonFile: json, write }
}

function parse(args: readonly string[]) {
  try {
    const options = {
      quick: { type: 'boolean' },
      json: { type: 'string' },
      write: { type: 'boolean' },
    } as const
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new FlagError(`${message.split(/\n|\. /)[0]}; ${USAGE}`)
  }
}
