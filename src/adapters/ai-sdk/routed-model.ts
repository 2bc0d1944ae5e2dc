import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import { reading } from '../../base/read-once.js'
import { uniqueId } from '../../base/unique-id.js'
import type { ContextInput, Router, Run, RunOptions } from '../../index.js'
import type { Rewards } from '../../rewards/index.js'
import { type ModelCapabilities, onlyAble, readCapabilities } from '../able-models.js'
import {
  checkIds,
  checkModels,
  checkOptions,
  checkRecord,
  checkRouter,
  kindOf,
  quietly,
  refused,
} from '../given.js'
import { HeardAnswer } from '../heard-answer.js'
import { METADATA_KEY, Runs, type RunTag, withoutAnswer } from '../run-tags.js'
import { withSignal } from '../signals.js'
import { callNeeds } from './call-needs.js'
import { chatRequest, pieceOf, unified, wholeOf } from './chat-form.js'
import { firstContent, restOf } from './first-content.js'
import type { AnyLanguageModel, CallOptions, Generated, Streamed } from './language-model.js'
import { sessionOfToolLoop, tagged } from './tool-loop.js'

/** What a routed model is made of. */
export interface RoutedModelOptions<Model extends AnyLanguageModel> {
  /** Models of the SDK, by their ids in the router. */
  readonly models: Readonly<Record<string, Model>>
  /**
   * What models can do beyond text, by their ids in the router: `{ small: ['tools'] }`. A model that cannot take a call is no candidate
   * for it; NO_ELIGIBLE_MODEL where none can. Default: each can do everything.
   */
  readonly capabilities?: ModelCapabilities | undefined
  /** Options of every call: a tenant, limits, `triesMax`. `providerOptions.paretobandit` of a call stands above them. */
  readonly run?: RunOptions | undefined
  /** Makes rewards of the answers: by validators, and by a judge where it has one. Default: nobody does. */
  readonly rewards?: Rewards | undefined
}

/** What a call of a model came to. */
interface Called<Answer> {
  readonly usage: object | Promise<object> | null
  readonly finishReason: unknown
  /** These may say how it was served. */
  readonly response?: unknown
  readonly providerMetadata?: unknown
  readonly answer: Answer
}

const runs = new Runs()

/**
 * A model of the AI SDK that goes, call by call, to the model that the router chooses: generated or streamed, with tools, structured
 * output and reasoning. Each call is booked by its usage; where a model fails before it has said anything the next one is asked; what
 * is aborted is cancelled. The steps of a tool loop stay with the model that asked for the tools, and share a reward. What failed
 * with all models is not retried by the SDK, whatever its `maxRetries`.
 * @returns one of the specification of the models: v3 or v4
 * @throws INVALID_ARGUMENT for no router or no models, models of different specifications, or wrong `capabilities`; UNKNOWN_OPTION;
 *   UNKNOWN_MODEL for ids that the router does not have yet
 */
export function routed<Model extends AnyLanguageModel>(
  router: Router<string>,
  options: RoutedModelOptions<Model>,
): Model {
  reading('router', () => checkRouter(router))
  const { models, run, rewards, able, specificationVersion } = reading('options', () =>
    readOptions(options, router),
  )

  const start = async <Answer extends Json>(
    options: CallOptions,
    call: (model: Model, tag: RunTag, options: CallOptions) => Promise<Called<Answer>>,
  ): Promise<Answer> => {
    const asked = optionsOf(options, run, Object.keys(models), able)
    const { session = null, signal } = asked
    const sent = signal === undefined ? options : { ...options, abortSignal: signal }
    const id = uniqueId()
    const done = await router
      .run(options.prompt as ContextInput, asked, (decision) =>
        call(
          models[decision.model],
          { decision: decision.id, model: decision.model, run: id, session },
          sent,
        ),
      )
      .catch((error: unknown) => {
        throw notToBeRetried(error)
      })
    runs.add(id, withoutAnswer(done))
    return done.answer.answer
  }
  const doGenerate = (options: CallOptions) =>
    start(options, async (model, tag, sent) => {
      const heard = HeardAnswer.of(rewards, 'chat', () => chatRequest(options))
      const answer = (await model.doGenerate(sent as never)) as Generated
      heard?.add(() => wholeOf(answer))
      if (!isBroken(answer)) heard?.ended(tag.decision)
      const content = answer.content.map((part) => (part.type === 'tool-call' ? tagged(part, tag) : part))
      const { response, providerMetadata, finishReason } = answer
      const usage = usageOf(answer)
      return { usage, finishReason, response, providerMetadata, answer: { ...tagged(answer, tag), content } }
    })
  const doStream = (options: CallOptions) =>
    start(options, async (model, tag, sent) => {
      const heard = HeardAnswer.of(rewards, 'chat', () => chatRequest(options))
      const answer = (await model.doStream({ ...sent, includeRawChunks: true } as never)) as Streamed
      const begun = await firstContent(answer.stream)
      let stream = answer.stream
      const end = new Promise<{ usage: object; finishReason: unknown }>((told, failed) => {
        const shown = (part: Json) => {
          heard?.add(() => pieceOf(part))
          return isTagged(part) ? tagged(part, tag) : part
        }
        const isShown = ({ type }: Json) => type !== 'raw' || options.includeRawChunks === true
        const finished = (usage: object | null, finishReason: unknown) => {
          if (!isBroken({ finishReason })) heard?.ended(tag.decision)
          told({ usage: usage ?? {}, finishReason })
        }
        stream = restOf(begun, shown, isShown, { finished, failed })
      })
      const [usage, finishReason] = [end.then((told) => told.usage), end.then((told) => told.finishReason)]
      // Whoever waits for them hears that the stream failed, and nobody need wait.
      for (const each of [usage, finishReason]) each.catch(() => {})
      return { usage, finishReason, answer: { ...answer, stream } }
    })
  const made = {
    specificationVersion,
    provider: METADATA_KEY,
    modelId: 'auto',
    supportedUrls: {},
    doGenerate,
    doStream,
  }
  return made as unknown as Model
}

/** An error of the SDK says whether the SDK is to try again; other models were asked already. */
function notToBeRetried(error: unknown): unknown {
  if (error instanceof Error && 'isRetryable' in error && error.isRetryable === true)
    Reflect.set(error, 'isRetryable', false)
  return error
}

/**
 * The quality of an answer is known: of `generateText`, `streamText`, `generateObject` or an agent, by a routed model. All steps of its
 * tool loop learn from it.
 * @param reward in the router's reward range, [0, 1] by default
 * @returns a promise that resolves when it is durable; it is rejected with INVALID_ARGUMENT for an answer of no routed model, or
 *   one of long ago, and with what `router.reward` throws
 */
export async function reward(result: object, reward: number): Promise<void> {
  const run = await runOf(result)
  if (run === null)
    throw refused(
      'result',
      `expected an answer of a routed model, and not of long ago, got ${kindOf(result)}`,
    )
  await run.reward(reward).durable
}

/** The run behind an answer: its decision, and those of the tries before it; its `answer` is not kept. Null: no routed model gave it, or long ago. */
export async function runOf(result: object): Promise<Run<unknown> | null> {
  return runs.of(await quietly(() => Reflect.get(result, 'providerMetadata')))
}

/** @throws INVALID_ARGUMENT */
function readOptions<Model extends AnyLanguageModel>(
  given: RoutedModelOptions<Model>,
  router: Router<string>,
) {
  checkOptions(given, ['models', 'capabilities', 'run', 'rewards'], 'options')
  const { models, run = {}, capabilities, rewards } = given
  const able = readCapabilities(capabilities)
  checkModels(models, ['doGenerate', 'doStream'])
  checkIds(router, models, 'models')
  checkIds(router, capabilities, 'capabilities')
  checkRecord(run, 'run')
  const [specificationVersion, ...others] = Object.values(models).map((model) => model.specificationVersion)
  if (others.some((other) => other !== specificationVersion))
    throw refused('models', `expected specification ${specificationVersion} of all, got others beside it`)
  return { models, run, rewards, able, specificationVersion }
}

/** Options of a call: what the caller says is a session, and so is a loop, which begins where there are tools. */
function optionsOf(
  call: CallOptions,
  run: RunOptions,
  ids: readonly string[],
  capabilities: ModelCapabilities,
): RunOptions {
  const { prompt, tools, abortSignal, maxOutputTokens, providerOptions } = call
  const own = isRecord(providerOptions) ? providerOptions[METADATA_KEY] : undefined
  const given: RunOptions = { ...run, ...(isRecord(own) ? own : {}) }
  const hasTools = Array.isArray(tools) && tools.length > 0
  return {
    ...(typeof maxOutputTokens === 'number' ? { maxOutputTokens } : {}),
    candidates: ids,
    ...withSignal(onlyAble(given, ids, capabilities, callNeeds(call)), abortSignal),
    session: given.session ?? sessionOfToolLoop(prompt) ?? (hasTools ? uniqueId() : undefined),
  }
}

function usageOf({ usage }: Json): object | null {
  return isRecord(usage) ? usage : null
}

/** Whether it says that an error ended it: its model has failed, and nothing is learned of how good it was. */
function isBroken({ finishReason }: Json): boolean {
  return unified(finishReason) === 'error'
}

/** Parts of which the SDK keeps what a provider says: for the next step, and for the caller. */
function isTagged({ type }: Json): boolean {
  return type === 'tool-call' || type === 'finish'
}
