import { OutputParserException } from '@langchain/core/output_parsers'
import { type Runnable, RunnableLambda } from '@langchain/core/runnables'
import { isRecord } from '../../base/check.js'
import { listOf, memberOf } from '../../base/json.js'

/** What a schema says of a value: the value as the schema gives it, with its defaults, or what is wrong with it. */
interface Verdict {
  readonly value?: unknown
  readonly issues?: readonly unknown[] | undefined
}
type Validate = (value: unknown) => Verdict | Promise<Verdict>

/**
 * The end of a chain whose schema can tell whether an answer fits (zod, and all that is of the Standard Schema): what does not fit is no
 * answer, as with models of LangChain's own. A plain JSON schema checks nothing, here as there.
 * @param chain gives the arguments of the tool call, or `{ raw, parsed }`
 * @returns the chain with that at its end; of a schema that cannot tell the chain itself
 */
export function fitting(chain: Runnable, schema: unknown, includesRaw: boolean): Runnable {
  const validate = validatorOf(schema)
  if (validate === null) return chain
  const check = async (value: unknown): Promise<unknown> => {
    const { value: fit, issues } = await validate(value)
    if (issues === undefined) return fit
    const text = JSON.stringify(value)
    throw new OutputParserException(`expected an answer that fits the schema: ${issuesText(issues)}`, text)
  }
  const last = includesRaw
    ? async (output: unknown) => ({
        raw: memberOf(output, 'raw'),
        parsed: await check(memberOf(output, 'parsed')).catch(() => null),
      })
    : check
  return chain.pipe(RunnableLambda.from(last)).withConfig({ runName: 'StructuredOutput' })
}

/** Null: it cannot tell. */
function validatorOf(schema: unknown): Validate | null {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return null
  const standard: unknown = Reflect.get(schema, '~standard')
  if (isRecord(standard) && typeof standard.validate === 'function') {
    const { validate } = standard
    return (value) => validate.call(standard, value) as Verdict
  }
  const safeParse: unknown = Reflect.get(schema, 'safeParseAsync')
  if (typeof safeParse !== 'function') return null
  // Releases of zod from before the Standard Schema.
  return async (value) => {
    const { success, data, error } = (await safeParse.call(schema, value)) as Record<string, unknown>
    return success === true ? { value: data } : { issues: listOf(memberOf(error, 'issues')) }
  }
}

function issuesText(issues: readonly unknown[]): string {
  return issues
    .slice(0, 10)
    .map((issue) => {
      const path = listOf(memberOf(issue, 'path')).map((step) => String(isRecord(step) ? step.key : step))
      const message = String(memberOf(issue, 'message'))
      return path.length === 0 ? message : `${path.join('.')}: ${message}`
    })
    .join('; ')
}
