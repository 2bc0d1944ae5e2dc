// The tuned constants of a policy, parsed from the files that declare them, and half and twice of each.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where the constants of a policy are; those of rooms that all policies share come last. */
export const FILES = {
  dollar: [
    'src/policy/dollar/tuning.ts',
    'src/policy/dollar/defaults.ts',
    'src/policy/tuning.ts',
    'src/models/tuning.ts',
  ],
  paper: [
    'src/policy/tuning.ts',
    'src/policy/paper/tuning.ts',
    'src/state/running-cost.ts',
    'src/models/tuning.ts',
  ],
  thompson: [
    'src/policy/thompson/tuning.ts',
    'src/policy/tuning.ts',
    'src/state/running-cost.ts',
    'src/models/tuning.ts',
  ],
}
/** Of the constants in src/policy/tuning.ts those that policy `dollar` does not use. */
const UNUSED_BY_DOLLAR = ['FORGETTING_FACTOR', 'ADAPTATION_HORIZON_REQUESTS', 'DUAL_STEP']
/** Of those in src/models/tuning.ts: no replay fails a call, sets a limit or gets a mistaken bill. */
const WITHOUT_TRAFFIC = /^(OUTAGE|RETRY|TRY|BILL)_/
/** A share as near to 1 as this is halved and doubled in what it lacks: twice 0.985 is no share. */
const NEAR_ONE = 0.9

const DECLARATION = /^(?:export )?const ([A-Z][A-Z0-9_]*)(?:: [^=]+)? = ([-\d. */()+_e[\],]+)$/gm

/** @returns { name, file, value, text } of each, in order */
export function constantsOf(policy) {
  return FILES[policy].flatMap((file) =>
    [...readFileSync(`${root}${file}`, 'utf8').matchAll(DECLARATION)]
      .map(([, name, text]) => ({ name, file, text: text.trim(), value: evaluated(text) }))
      .filter(
        ({ name }) =>
          policy !== 'dollar' || file !== 'src/policy/tuning.ts' || !UNUSED_BY_DOLLAR.includes(name),
      )
      .filter(({ name }) => !WITHOUT_TRAFFIC.test(name)),
  )
}

/** Half and twice of a constant, as source text. */
export function variantsOf({ value }) {
  return [
    { factor: '1/2', text: show(scaled(value, 0.5)) },
    { factor: '2', text: show(scaled(value, 2)) },
  ]
}

/** The source of a file with one constant declared otherwise. */
export function redeclared(source, name, text) {
  const found = new RegExp(`^((?:export )?const ${name}(?:: [^=]+)? = ).+$`, 'm')
  if (!found.test(source)) throw new Error(`${name} is not declared there`)
  return source.replace(found, `$1${text}`)
}

function scaled(value, factor) {
  if (Array.isArray(value)) return value.map((each) => each * factor)
  if (Number.isInteger(value) && value > 1) return Math.round(value * factor)
  if (value >= NEAR_ONE && value < 1) return 1 - (1 - value) * factor
  return value * factor
}

/** Numbers and arithmetic alone: nothing else matches. */
function evaluated(text) {
  return new Function(`return (${text})`)()
}

function show(value) {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(Number(value.toPrecision(12)))
}
