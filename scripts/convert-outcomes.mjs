// Converts the public ParetoBandit dataset (data_collection/rewards/*.jsonl of github.com/ParetoBandit/ParetoBandit) to the
// rows that `paretobandit replay --data` reads. Prompts are kept, features are not: replay with --features encode.
//   in:  {prompt, source, arms: {model: {reward, cost}}, ...}        cost in USD
//   out: {id, source, prompt, outcomes: {model: {reward, costUsd}}}
// --costs MODEL=FILE takes a model's costs from a file of {prompt, cost_usd, ok} lines instead (the dataset holds a flat
// estimate for gemini-2.5-flash and the measured costs in flash_token_counts.jsonl); rows that it lacks lose the model.
// Usage: node scripts/convert-outcomes.mjs IN.jsonl [--costs MODEL=FILE]... [--prefix val] > OUT.jsonl
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { costs: { type: 'string', multiple: true }, prefix: { type: 'string', default: 'row' } },
})
if (positionals.length !== 1)
  fail('usage: convert-outcomes.mjs IN.jsonl [--costs MODEL=FILE]... [--prefix NAME]')

const measured = new Map((values.costs ?? []).map(readCosts))
readLines(positionals[0]).forEach(({ value, place }, i) => {
  if (typeof value.prompt !== 'string' || typeof value.arms !== 'object' || value.arms === null) {
    fail(`${place}: expected {prompt, arms: {model: {reward, cost}}}`)
  }
  const outcomes = {}
  for (const [model, { reward, cost }] of Object.entries(value.arms)) {
    const costUsd = measured.has(model) ? measured.get(model).get(value.prompt) : cost
    if (costUsd === undefined || reward === null || reward === undefined) continue
    if (!(reward >= 0 && reward <= 1) || !(costUsd >= 0)) fail(`${place}: bad reward or cost of ${model}`)
    outcomes[model] = { reward, costUsd }
  }
  const id = `${values.prefix}-${String(i).padStart(4, '0')}`
  process.stdout.write(
    `${JSON.stringify({ id, source: value.source ?? '', prompt: value.prompt, outcomes })}\n`,
  )
})

function readCosts(option) {
  const at = option.lastIndexOf('=')
  if (at < 1) fail(`--costs ${option}: expected MODEL=FILE`)
  const lines = readLines(option.slice(at + 1)).filter(({ value }) => value.ok !== false)
  return [option.slice(0, at), new Map(lines.map(({ value }) => [value.prompt, value.cost_usd]))]
}

function readLines(file) {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    try {
      return [{ value: JSON.parse(line), place: `${file}:${i + 1}` }]
    } catch {
      return fail(`${file}:${i + 1}: expected JSON`)
    }
  })
}

function fail(message) {
  console.error(message)
  process.exit(2)
}
