import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager'
import type { BaseLanguageModelInput } from '@langchain/core/language_models/base'
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models'
import { AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import { ChatGenerationChunk, type ChatResult, type LLMResult } from '@langchain/core/outputs'
import type { Runnable } from '@langchain/core/runnables'
import { isRecord } from '../../base/check.js'
import { reading } from '../../base/read-once.js'
import { uniqueId } from '../../base/unique-id.js'
import { type Capability, type ContextInput, type Router, type RunOptions, usageOf } from '../../index.js'
import type { Rewards } from '../../rewards/index.js'
import { type ModelCapabilities, missingOf, onlyAble, readCapabilities } from '../able-models.js'
import { checkIds, checkModels, checkRecord, checkRouter, refused } from '../given.js'
import { HeardAnswer } from '../heard-answer.js'
import { METADATA_KEY, withoutAnswer } from '../run-tags.js'
import { withSignal } from '../signals.js'
import { identityOf } from './cache-identity.js'
import { chatRequest, pieceOf, wholeOf } from './chat-form.js'
import { firstContent } from './first-content.js'
import { messageNeeds } from './message-needs.js'
import { remember, sessionOfToolLoop, tag } from './message-runs.js'
import { fitting } from './structured-output.js'
import { addedOutputs, outputOf } from './token-usage.js'

/** What a routed chat model is made of. */
export interface RoutedChatModelFields extends BaseChatModelParams {
  /** Chooses the model of each call. */
  readonly router: Router<string>
  /** Chat models of LangChain, by their ids in the router. Their own `maxRetries` should be 0. Tools are bound to the routed one. */
  readonly models: Readonly<Record<string, Runnable<BaseLanguageModelInput, AIMessageChunk>>>
  /**
   * What models can do beyond text, by their ids in the router: `{ small: ['tools'] }`. A model that cannot take a call is no candidate
   * for it; NO_ELIGIBLE_MODEL where none can. Default: each can do everything.
   */
  readonly capabilities?: ModelCapabilities | undefined
  /** Options of every call: a tenant, limits, `triesMax`. */
  readonly run?: RunOptions | undefined
  /** Makes rewards of the answers: by validators, and by a judge where it has one. Default: nobody does. */
  readonly rewards?: Rewards | undefined
}

/** Options of a call. Whatever else is given goes to the model as well, which knows what it means. */
export interface RoutedChatModelCallOptions extends BaseChatModelCallOptions {
  /** In place of those that were bound. */
  tools?: BindToolsInput[] | undefined
  /** The form of the answer, as its provider takes it. */
  response_format?: object | undefined
  /** Whether an answer may call several tools. */
  parallel_tool_calls?: boolean | undefined
  /** For answers that are the same again, as far as a provider gives them. */
  seed?: number | undefined
}

interface Called {
  readonly usage: object | PromiseLike<object> | null
  /** Where it may say how the call was served. */
  readonly response_metadata: object
  readonly additional_kwargs: object
  readonly message: AIMessageChunk
}

/**
 * A chat model of LangChain that goes, call by call, to the model that the router chooses: invoked or streamed, with tools. Each call is
 * booked by its usage; where a model fails before it has said anything the next one is asked; what is aborted is cancelled. The steps of a
 * tool loop stay with the model that asked for the tools, and share a reward. Models should be made with `maxRetries: 0`: their own
 * retries come before another model is asked.
 */
export class RoutedChatModel extends BaseChatModel<RoutedChatModelCallOptions, AIMessageChunk> {
  private readonly fields: RoutedChatModelFields
  private readonly capabilities: ModelCapabilities
  /** What was bound needs of a model. With tools an answer may begin a loop. */
  private bound: ReadonlySet<Capability> = new Set()
  /** All that was bound. */
  private readonly bindings: unknown[] = []

  /** Its name in traces. */
  static override lc_name(): string {
    return 'RoutedChatModel'
  }

  /**
   * @throws INVALID_ARGUMENT for no router or no models, or wrong `capabilities`; UNKNOWN_MODEL for ids that the router does not have yet
   */
  constructor(fields: RoutedChatModelFields) {
    const read = reading('fields', () => readFields(fields))
    super({ maxRetries: 0, ...read })
    this.fields = read
    this.capabilities = readCapabilities(read.capabilities)
    this.disableStreaming = read.disableStreaming === true
  }

  override _llmType(): string {
    return METADATA_KEY
  }

  /** What an answer in a cache depends on beside the options of its call: the models, and what was bound to them. */
  override _identifyingParams(): Record<string, unknown> {
    return identityOf(this.fields.models, this.bindings)
  }

  override _combineLLMOutput(...outputs: LLMResult['llmOutput'][]): LLMResult['llmOutput'] {
    return addedOutputs(outputs)
  }

  /** The same with these tools. @throws INVALID_ARGUMENT where a model takes none, and `capabilities` do not say so */
  override bindTools(
    tools: BindToolsInput[],
    kwargs?: Partial<RoutedChatModelCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, RoutedChatModelCallOptions> {
    const models = Object.fromEntries(
      Object.entries(this.fields.models).map(([id, model]) => {
        const isBound = tools.length === 0 || missingOf(id, this.capabilities, ['tools']).length === 0
        if (!isBound) return [id, model]
        if (!('bindTools' in model) || typeof model.bindTools !== 'function')
          throw refused(`models[${JSON.stringify(id)}]`, 'expected a chat model that takes tools')
        return [id, model.bindTools(tools, kwargs) as (typeof this.fields.models)[string]]
      }),
    )
    CHECKED.add(models)
    const bound = new RoutedChatModel({ ...this.fields, models })
    bound.bound = new Set([...this.bound, ...optionNeeds({ ...kwargs, tools })])
    bound.bindings.push(...this.bindings, [tools, kwargs])
    return bound
  }

  /**
   * Answers in the form of a schema, by a call of a tool. With a schema of zod, or another of the Standard Schema, they are checked and come as it gives
   * them, with its defaults.
   * @throws (when it is invoked) OutputParserException for an answer that does not fit; with `includeRaw` its `parsed` is null
   */
  override withStructuredOutput: BaseChatModel<
    RoutedChatModelCallOptions,
    AIMessageChunk
  >['withStructuredOutput'] = (schema: never, config?: { readonly includeRaw?: boolean }) =>
    fitting(super.withStructuredOutput(schema, config as never), schema, config?.includeRaw === true) as never

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    const asked = this.optionsOf(messages, options)
    const heard = HeardAnswer.of(this.fields.rewards, 'chat', () => chatRequest(messages))
    const run = await this.fields.router.run(chatOf(messages), asked, async ({ model }): Promise<Called> => {
      const answer = await this.fields.models[model].invoke(messages, configOf(options, asked))
      const message = chunkOf(answer)
      const { response_metadata, additional_kwargs } = message
      return { usage: usageOf(answer), response_metadata, additional_kwargs, message }
    })
    const { message } = run.answer
    heard?.add(() => wholeOf(message))
    heard?.ended(run.decision.id)
    tag(message, withoutAnswer(run), asked.session)
    return { generations: [{ text: message.text, message }], llmOutput: outputOf(message) }
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const asked = this.optionsOf(messages, options)
    const heard = HeardAnswer.of(this.fields.rewards, 'chat', () => chatRequest(messages))
    const run = await this.fields.router.run(chatOf(messages), asked, async ({ model }) =>
      firstContent(await this.fields.models[model].stream(messages, configOf(options, asked))),
    )
    const kept = withoutAnswer(run)
    let isFirst = true
    let id: string | undefined
    for await (const message of run.answer) {
      // Texts in the metadata of pieces are joined where the pieces are.
      if (isFirst) tag(message, kept, asked.session)
      else remember(message, kept)
      isFirst = false
      heard?.add(() => pieceOf(message))
      // The model's own `stream` gives pieces without an id that of its run: they are of one message all the same.
      id ??= message.id
      if (id !== undefined && message.id !== id) message._updateId(id)
      const { text } = message
      const chunk = new ChatGenerationChunk({ message, text })
      yield chunk
      await runManager?.handleLLMNewToken(text, undefined, undefined, undefined, undefined, { chunk })
    }
    heard?.ended(run.decision.id)
  }

  private optionsOf(messages: readonly BaseMessage[], options: this['ParsedCallOptions']): RunOptions {
    const { run = {}, models } = this.fields
    const ids = Object.keys(models)
    const { signal } = options
    const needs = new Set([...this.bound, ...optionNeeds(options), ...messageNeeds(messages)])
    return {
      candidates: ids,
      ...withSignal(onlyAble(run, ids, this.capabilities, needs), signal),
      session: run.session ?? sessionOfToolLoop(messages) ?? (needs.has('tools') ? uniqueId() : undefined),
    }
  }
}

/** Models whose ids the router had once: it may have lost some since, and their chat models are bound to tools again. */
const CHECKED = new WeakSet<object>()

/** @throws INVALID_ARGUMENT, UNKNOWN_MODEL */
function readFields(fields: RoutedChatModelFields): RoutedChatModelFields {
  checkRecord(fields, 'fields')
  const { router, models, capabilities, run = {} } = fields
  checkRouter(router)
  checkModels(models, ['invoke', 'stream'])
  readCapabilities(capabilities)
  if (!CHECKED.has(models)) {
    checkIds(router, models, 'models')
    checkIds(router, capabilities, 'capabilities')
    CHECKED.add(models)
  }
  checkRecord(run, 'run')
  return { ...fields }
}

/** What a call is routed by. */
function chatOf(messages: readonly BaseMessage[]): ContextInput {
  return messages.map((message) => ({ role: message.getType(), content: message.text }))
}

/** An answer as what reads structured output expects it. */
function chunkOf(message: AIMessageChunk): AIMessageChunk {
  if (message instanceof AIMessageChunk) return message
  const { content, additional_kwargs, response_metadata }: AIMessageChunk = message
  const { tool_calls, invalid_tool_calls, usage_metadata, id, name }: AIMessageChunk = message
  const told = { tool_calls, invalid_tool_calls, usage_metadata, id, name }
  const given = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined))
  return new AIMessageChunk({ content, additional_kwargs, response_metadata, ...given })
}

/** What options need of a model. */
function optionNeeds({
  tools,
  response_format: format,
}: Partial<RoutedChatModelCallOptions>): Set<Capability> {
  const needs = new Set<Capability>()
  if (Array.isArray(tools) && tools.length > 0) needs.add('tools')
  // Agents ask for it of models that can.
  if (isRecord(format) && format.type === 'json_schema') needs.add('jsonSchema')
  return needs
}

/** Of options those that are the routed model's own: it tells the callbacks, as twice would count a usage twice, and writes the answer. */
const OWN = new Set(['callbacks', 'promptIndex', 'outputVersion'])

/** Options of a call, as the model gets them. */
function configOf(options: object, { signal }: RunOptions): BaseChatModelCallOptions {
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !OWN.has(name))
  return { ...Object.fromEntries(given), ...(signal && { signal }), callbacks: [] }
}
