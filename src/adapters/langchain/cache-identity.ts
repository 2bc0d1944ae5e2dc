import { convertToOpenAITool } from '@langchain/core/utils/function_calling'
import { isRecord } from '../../base/check.js'
import { listOf } from '../../base/json.js'
import { uniqueId } from '../../base/unique-id.js'
import { quietly } from '../given.js'

/**
 * What tells answers of some models from those of others, and of the same models with other tools.
 * @param bindings tools with their options, as they were bound
 */
export function identityOf(
  models: Readonly<Record<string, unknown>>,
  bindings: readonly unknown[],
): Record<string, unknown> {
  const text = quietly(() => {
    const all = Object.entries(models).map(([id, model]) => [id, modelIdentity(model)])
    return JSON.stringify([all, bindings.map((each) => listOf(each).map(shownTools))])
  })
  // What cannot be told from others is like none of them.
  return { paretobandit: text ?? uniqueId() }
}

/** Of a model of LangChain what its own answers depend on, and of one with options of its own these as well. */
function modelIdentity(model: unknown): unknown {
  if (!isRecord(model)) return null
  const asked = ['_llmType', '_identifyingParams'].map((name) => {
    const method: unknown = model[name]
    return typeof method === 'function' ? method.call(model) : null
  })
  return [...asked, shownTools(model.kwargs), modelIdentity(model.bound)]
}

/** Tools by what their models see of them. */
function shownTools(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((each) => (isRecord(each) ? convertToOpenAITool(each as never) : each))
  return isRecord(value) && 'tools' in value ? { ...value, tools: shownTools(value.tools) } : value
}
