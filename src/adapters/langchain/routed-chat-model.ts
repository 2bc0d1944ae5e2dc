import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager'
import type { BaseLanguageModelInput } from '@langchain/core/language_models/base'
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models'
import { AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs'
import type { Runnable } from '@langchain/core/runnables'
import type { ContextInput, Router, Run, RunOptions } from '../../index.js'
import { MARK, markIn, Runs } from '../marks.js'
import { addedUsage, providerUsage } from './token-counts.js'

/** What a routed chat model is made of. */
export interface RoutedChatModelFields extends BaseChatModelParams {
  readonly router: Router<string>
  /** Chat models of LangChain, by their ids in the router. Their own `maxRetries` should be 0. Tools are bound to the routed one. */
  readonly models: Readonly<Record<string, Runnable<BaseLanguageModelInput, AIMessageChunk>>>
  /** Options of every call: a tenant, limits, `triesMax`. */
  readonly run?: RunOptions | undefined
}

const runs = new Runs()

interface Called {
  readonly usage: object | null
  readonly message: AIMessageChunk
}

/**
 * A chat model of LangChain that goes, call by call, to the model that the router chooses: invoked or streamed, with tools. Each call is
 * booked by its usage; where a model fails before it has said anything the next one is asked; what is aborted is cancelled. The steps of a
 * tool loop stay with the model that asked for the tools, and share a reward.
 */
export class RoutedChatModel extends BaseChatModel<BaseChatModelCallOptions, AIMessageChunk> {
  private readonly fields: RoutedChatModelFields
  /** Whether an answer may ask for a tool, and a loop begin. */
  private mayLoop = false

  constructor(fields: RoutedChatModelFields) {
    super({ maxRetries: 0, ...fields })
    this.fields = fields
  }

  override _llmType(): string {
    return MARK
  }

  /** The same with these tools. @throws TypeError where one of the models takes none */
  override bindTools(
    tools: BindToolsInput[],
    kwargs?: Partial<BaseChatModelCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, BaseChatModelCallOptions> {
    const models = Object.fromEntries(
      Object.entries(this.fields.models).map(([id, model]) => {
        if (!('bindTools' in model) || typeof model.bindTools !== 'function')
          throw new TypeError(`models[${JSON.stringify(id)}]: expected a chat model that takes tools`)
        return [id, model.bindTools(tools, kwargs) as (typeof this.fields.models)[string]]
      }),
    )
    const bound = new RoutedChatModel({ ...this.fields, models })
    bound.mayLoop = true
    return bound
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    const asked = this.optionsOf(messages, options)
    const run = await this.fields.router.run(chatOf(messages), asked, async ({ model }): Promise<Called> => {
      const answer = await this.fields.models[model].invoke(messages, configOf(options))
      return { usage: usageOf(answer), message: chunkOf(answer) }
    })
    const { message } = run.answer
    mark(message, run, asked.session)
    return { generations: [{ text: message.text, message }], llmOutput: {} }
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const asked = this.optionsOf(messages, options)
    let told: object | null = null
    const usage = (chunk: unknown): object | null => {
      const more = metadataOf(chunk)
      if (more !== null) told = addedUsage(told, more)
      return told === null ? null : providerUsage(told)
    }
    const run = await this.fields.router.run(chatOf(messages), { ...asked, usage }, ({ model }) => {
      told = null
      return this.fields.models[model].stream(messages, configOf(options))
    })
    let isFirst = true
    for await (const message of run.answer) {
      // Texts in the metadata of pieces are joined where the pieces are.
      if (isFirst) mark(message, run, asked.session)
      isFirst = false
      const { text } = message
      yield new ChatGenerationChunk({ message, text })
      await runManager?.handleLLMNewToken(text)
    }
  }

  private optionsOf(messages: readonly BaseMessage[], { signal }: BaseChatModelCallOptions): RunOptions {
    const { run = {}, models } = this.fields
    return {
      candidates: Object.keys(models),
      ...run,
      ...(signal === undefined ? {} : { signal }),
      session: run.session ?? sessionOfToolLoop(messages) ?? (this.mayLoop ? crypto.randomUUID() : undefined),
    }
  }
}

/**
 * The quality of an answer is known: a message of a routed chat model. All steps of its tool loop learn from it.
 * @param reward in the router's reward range, [0, 1] by default
 * @returns a promise that resolves when it is durable; it is rejected with TypeError for a message of no routed model, or one of long
 *   ago, and with what `router.reward` throws
 */
export async function reward(message: BaseMessage, reward: number): Promise<void> {
  const run = runOf(message)
  if (run === null) throw new TypeError('message: expected one of a routed model, and not of long ago')
  await run.reward(reward).durable
}

/** The run behind a message: its decision, and those of the tries before it. Null: no routed model gave it, or long ago. */
export function runOf({ response_metadata }: BaseMessage): Run<unknown> | null {
  return runs.of(response_metadata)
}

/** A message says whose it is, and can be rewarded. */
function mark(message: BaseMessage, run: Run<unknown>, session: string | null = null): void {
  const { id: decision, model } = run.decision
  const own = { decision, model, run: crypto.randomUUID(), session }
  message.response_metadata = { ...message.response_metadata, [MARK]: own }
  runs.add(own.run, run)
}

function sessionOfToolLoop(messages: readonly BaseMessage[]): string | null {
  if (messages.at(-1)?.getType() !== 'tool') return null
  const asked = [...messages].reverse().find((message) => message.getType() === 'ai')
  return asked === undefined ? null : (markIn(asked.response_metadata)?.session ?? null)
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

/** Options of a call, as the model gets them. */
function configOf({ signal, stop, tool_choice }: BaseChatModelCallOptions) {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(stop === undefined ? {} : { stop }),
    ...(tool_choice === undefined ? {} : { tool_choice }),
  }
}

function metadataOf(message: unknown): object | null {
  const usage: unknown =
    typeof message === 'object' && message !== null ? Reflect.get(message, 'usage_metadata') : null
  return typeof usage === 'object' ? usage : null
}

function usageOf(message: unknown): object | null {
  const usage = metadataOf(message)
  return usage === null ? null : providerUsage(usage)
}
