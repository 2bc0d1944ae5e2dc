import { parseArgs } from 'node:util'
import { ParetoBanditError, show } from '../../src/base/errors.js'
import { nearest } from '../../src/base/nearest.js'
import { POLICY_NAMES, type PolicyName } from '../../src/policy/policies.js'

export const USAGE = `usage: node scripts/datasets.mjs --data FOLDER [--sets A,B] [--seeds N] [--jobs N] [--policies A,B] [--quick]
           [--json FILE] [--against FILE] [--write]
       node scripts/datasets.mjs --from FILE --write`

const SEEDS = 20
const QUICK_SEEDS = 6

export interface DatasetFlags {
  /** Folder of the sets; null when figures are read from a file. */
  readonly data: string | null
  /** File of figures that --json wrote before, or null. */
  readonly from: string | null
  /** Those that were asked for, or null for all. */
  readonly sets: readonly string[] | null
  readonly seeds: number
  readonly jobs: number
  /** The first is held to the targets. */
  readonly policies: readonly PolicyName[]
  readonly json: string | null
  /** Figures to compare with, or null. */
  readonly against: string | null
  readonly write: boolean
}

/** @throws INVALID_ARGUMENT naming the flag */
export function readFlags(args: readonly string[]): DatasetFlags {
  const values = parsed(args)
  const { quick = false, write = false } = values
  const data = values.data ?? null
  const from = values.from ?? null
  if ((data === null) === (from === null))
    throw bad('data', 'expected a folder of sets, or --from a file of figures')
  if (from !== null) {
    for (const flag of ['sets', 'seeds', 'jobs', 'policies', 'json'] as const)
      if (values[flag] !== undefined) throw bad(flag, 'goes with --data: --from plays nothing')
  }
  if (quick && from !== null) throw bad('quick', 'goes with --data: --from plays nothing')
  if (quick && write) throw bad('write', 'the page is of a whole run, not of --quick')
  return {
    data,
    from,
    sets: values.sets === undefined ? null : values.sets.split(','),
    seeds: count('seeds', values.seeds, quick ? QUICK_SEEDS : SEEDS),
    jobs: count('jobs', values.jobs, 2),
    policies: policiesOf(values.policies ?? (quick ? 'dollar' : 'dollar,paper,thompson')),
    json: values.json ?? null,
    against: values.against ?? null,
    write,
  }
}

/** The sets to play, of those in the folder. @throws INVALID_ARGUMENT for one that is not there, or when none is */
export function setsOf({ sets }: Pick<DatasetFlags, 'sets'>, found: readonly string[]): readonly string[] {
  if (found.length === 0) throw bad('data', 'expected a folder with NAME.jsonl and NAME.models.json')
  const missing = (sets ?? []).find((set) => !found.includes(set))
  if (missing === undefined) return sets ?? found
  const near = nearest(missing, found)
  throw bad(
    'sets',
    `no set ${show(missing)}; ${near === undefined ? `there are ${found.join(', ')}` : `did you mean '${near}'?`}`,
  )
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    const truth = { type: 'boolean' } as const
    const options = {
      ...{ data: text, from: text, sets: text, seeds: text, jobs: text, policies: text, json: text },
      ...{ against: text },
      ...{ quick: truth, write: truth },
    }
    return parseArgs({ args: [...args], options }).values
  } catch (cause) {
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      'flags',
      cause instanceof Error ? cause.message : String(cause),
    )
  }
}

function policiesOf(text: string): PolicyName[] {
  return text.split(',').map((name) => {
    const known = POLICY_NAMES.find((policy) => policy === name)
    if (known === undefined) throw bad('policies', `expected ${POLICY_NAMES.join(', ')}, got ${show(name)}`)
    return known
  })
}

function count(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value) || value < 1)
    throw bad(flag, `expected an integer from 1 on, got ${show(text)}`)
  return value
}

function bad(flag: string, message: string): ParetoBanditError {
  return new ParetoBanditError('INVALID_ARGUMENT', `--${flag}`, message)
}
