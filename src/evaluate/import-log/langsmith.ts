import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { Bill } from '../../router/bill.js'
import type { LogFormat } from './call.js'
import { promptOfInput } from './prompt.js'
import type { LeftOutReason } from './reasons.js'
import { billOfCounts, costBeside, fieldAt, firstOf, numberIn, recordIn, textIn, timeIn } from './values.js'

/** Where integrations write the name of the model, the likeliest first. */
const MODEL_FIELDS = [
  'extra.metadata.ls_model_name',
  'extra.invocation_params.model',
  'extra.invocation_params.model_name',
  'inputs.model',
  'outputs.llm_output.model_name',
  'outputs.model',
]

/** Runs of LangSmith: those of type `llm` are calls. */
export const LANGSMITH: LogFormat = {
  name: 'langsmith',
  fits: (record) =>
    Object.hasOwn(record, 'run_type') &&
    ['inputs', 'outputs', 'trace_id', 'dotted_order'].some((name) => Object.hasOwn(record, name)),
  read(record) {
    const id = textIn(record.id)
    const bill = billOf(record)
    const ids = [record.id, record.parent_run_id, record.trace_id].flatMap((each) => textIn(each) ?? [])
    return {
      id,
      at: timeIn(record.start_time),
      models: MODEL_FIELDS.flatMap((name) => textIn(fieldAt(record, name)) ?? []),
      prompt: promptOfRun(recordIn(record.inputs)),
      costUsd: costBeside(bill, record.total_cost),
      bill,
      isStream: fieldAt(record, 'extra.invocation_params.stream') === true,
      scoreIds: [...new Set(ids)],
      scores: scoresOf(recordIn(record.feedback_stats)),
      unusable: unusable(record),
    }
  },
}

/** Models of texts are asked several prompts at once; one alone is a call. */
function promptOfRun(inputs: Json): string | null {
  const { prompts } = inputs
  if (Array.isArray(prompts)) return prompts.length === 1 ? promptOfInput(prompts[0]) : null
  return promptOfInput(firstOf(inputs.messages, inputs.input, inputs.prompt))
}

function billOf(record: Json): Bill | null {
  const counts = [record.prompt_tokens, record.completion_tokens].map(numberIn)
  const bill = billOfCounts(counts[0], counts[1], record.total_tokens)
  if (bill === null) return null
  const details = recordIn(record.prompt_token_details)
  return {
    ...bill,
    cachedInputTokens: numberIn(details.cache_read) ?? 0,
    cacheWrite5mTokens: numberIn(details.cache_creation) ?? 0,
  }
}

/** The means of what was given, by name. */
function scoresOf(stats: Json): Json {
  return Object.fromEntries(
    Object.entries(stats).map(([name, value]) => [name, isRecord(value) ? value.avg : value]),
  )
}

function unusable(record: Json): LeftOutReason | null {
  const type = textIn(record.run_type)
  if (type === 'embedding') return 'embeddings'
  if (type !== 'llm') return 'not-a-generation'
  return record.status === 'error' || textIn(record.error) !== null ? 'failed' : null
}
