import { parseArgs } from 'node:util'

export interface BenchFlags {
  /** Rows to run, matched against `name kernel d=D k=K`; null for all. */
  readonly filter: RegExp | null
  readonly jsonFile: string | null
  readonly quick: boolean
  /** Whether the marked parts of docs/PERFORMANCE.md are rewritten. */
  readonly markdown: boolean
}

const USAGE = 'usage: npm run bench -- [--quick] [--filter REGEX] [--json FILE] [--markdown]'

/** A flag that cannot be read: its message is one line. */
export class FlagError extends Error {}

/** @throws FlagError */
export function parseFlags(args: readonly string[]): BenchFlags {
  const values = parse(args)
  if (values.markdown && (values.quick || values.filter !== undefined)) {
    throw new FlagError('--markdown: the docs need a whole run, without --quick and --filter')
  }
  return {
    filter: values.filter === undefined ? null : parseFilter(values.filter),
    jsonFile: values.json ?? null,
    quick: values.quick ?? false,
    markdown: values.markdown ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    const options = {
      filter: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean' },
      markdown: { type: 'boolean' },
    } as const
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw new FlagError(`${firstSentence(cause)}; ${USAGE}`)
  }
}

function parseFilter(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (cause) {
    throw new FlagError(`--filter: ${firstSentence(cause)}`)
  }
}

function firstSentence(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  return message.split(/\n|\. /)[0]
}
