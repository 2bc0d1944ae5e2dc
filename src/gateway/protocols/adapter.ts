import type { Json } from '../../base/json.js'
import type { Capability } from '../../index.js'
import type { AnswerFormat } from '../../rewards/index.js'
import type { Protocol } from '../config/config.js'
import type { ErrorProtocol } from '../keys/refusal.js'
import type { Surface } from '../logs/request-record.js'

/** A request that cannot be taken as it is: what its caller must mend. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number
  readonly code: string

  constructor(message: string, code = 'invalid_request', status = 400) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** What stands in a prompt, whether or not anybody here reads it. */
export interface InputSize {
  /** Characters of texts, of names, and of what else is written out. */
  readonly chars: number
  /** Bytes of all that, with the signs and names of its JSON. */
  readonly bytes: number
  readonly images: number
  /** Of inputs that are tokens; of sound and documents, roughly, by their bytes. */
  readonly knownTokens: number
  /** Things that stand elsewhere: files, pages, what the provider keeps of a conversation. */
  readonly references: number
  /** What has no bound that can be told here; null: nothing. */
  readonly unbounded: string | null
  /** The schemes of addresses of files that a provider may read with the rights of its account: `gs`. */
  readonly accountSchemes: ReadonlySet<string>
}

/** What a model reads besides the conversation. */
export interface OtherInput {
  readonly tokens: number
  readonly bytes: number
}

/** What the pipeline knows of a request, whatever protocol it came in. */
export interface Asked {
  /** `auto`, `auto:GROUP`, or the id of a model. */
  readonly model: string
  readonly isStreamed: boolean
  /** Whether the client wants the usage in the stream. */
  readonly wantsUsage: boolean
  readonly needs: ReadonlySet<Capability>
  /** The texts, for the router. */
  readonly prompt: readonly { readonly role: string; readonly content: string }[]
  /** Tokens that are in it besides: schemas of tools; and bytes of that as JSON. */
  readonly other: OtherInput
  /** All that a model reads but for that, `prompt` included. */
  readonly size: InputSize
  /** Of each answer; null: the client does not say. */
  readonly maxOutputTokens: number | null
  /** How many answers are asked for. */
  readonly answers: number
  /** Tokens that the client expects to see in each, which cost what the answer's cost where they are not. */
  readonly predictedTokens: number
  /** Bytes of that. */
  readonly predictedBytes: number
  /** Tokens of reasoning that the client allows beside the limit of the answer. */
  readonly reasoningTokens: number
  /** What may make it dearer than is set aside for it. */
  readonly dearer: readonly string[]
  /** What the client calls its conversation, in the body. */
  readonly session: string | null
  /** What its provider keeps the conversation so far as: an answer, or a conversation; null: it stands in the request. */
  readonly keptAs: string | null
  /** Only the model of the conversation so far can go on with it; null: any can. */
  readonly lock: 'open tool calls' | 'thinking signatures' | 'state of the provider' | null
  /** What of it only an upstream of the same protocol can do; null: nothing. */
  readonly nativeOnly: string | null
}

/** What one event of a stream, or a whole answer, says. */
export interface Facts {
  /** What was generated: text, reasoning, arguments of tools. */
  readonly text: string
  /** Whether the client is shown something: headers are held until then. */
  readonly hasContent: boolean
  /** Whether something of that is the answer, and not the thinking before it. */
  readonly hasAnswer: boolean
  readonly usage: Json | null
  /** False: an early count, of which the answer is no part yet. */
  readonly isUsageWhole: boolean
  /** How it was served, where it says so beside the usage: `flex` costs less. */
  readonly serviceTier: string | null
  readonly finish: string | null
  /** Which answers it has something of, where there may be several. */
  readonly answers: readonly AnswerPart[]
  readonly isRefusal: boolean
  readonly isTruncated: boolean
  readonly error: UpstreamError | null
  /** The stream is over. */
  readonly isEnd: boolean
}

/** One of several answers. */
export interface AnswerPart {
  readonly index: number
  /** It says why that has ended. */
  readonly isEnded: boolean
}

/** An error that stands in an answer of status 200. */
export interface UpstreamError {
  readonly message: string
  readonly type: string
  /** The HTTP status that it would have had, where it says so. */
  readonly status: number | null
}

export const NO_FACTS: Facts = {
  text: '',
  hasContent: false,
  hasAnswer: false,
  usage: null,
  isUsageWhole: true,
  serviceTier: null,
  finish: null,
  answers: [],
  isRefusal: false,
  isTruncated: false,
  error: null,
  isEnd: false,
}

/** An event of a stream as it came. */
export interface StreamEvent {
  readonly event?: string | undefined
  readonly id?: string | undefined
  readonly data: string
}

/** All that is known of one protocol. The way of a request, and its money, are the pipeline's. */
export interface ProtocolAdapter {
  readonly surface: Surface
  /** How answers are read for rewards; null: there is nothing to reward. */
  readonly format: AnswerFormat | null
  /** What upstreams must speak. */
  readonly protocol: Protocol
  readonly errors: ErrorProtocol
  /** Added to the base URL of an upstream. */
  readonly path: string
  /** Headers of the client that go to the upstream. */
  readonly passedHeaders: readonly string[]
  /** @throws RequestError */
  read(body: Json): Asked
  /** Members of the body that are set for the upstream; null takes one out. */
  changes(body: Json, asked: Asked): Readonly<Record<string, unknown>>
  readAnswer(answer: Json): Facts
  /**
   * What the provider keeps an answer as, so that a request may go on with it; null: it does not, or what is read does not say.
   * @param value a whole answer, or an event of its stream
   */
  keptAs(value: Json): string | null
  /** @param data the event's data, parsed; null where it is no object */
  readEvent(event: StreamEvent, data: Json | null): Facts
  /**
   * The data of an event as the client gets it, who may not have asked for what upstreams are asked for; null: it gets none of it.
   */
  shown(data: string, value: Json, asked: Asked): string | null
  /** Where the usage stands in an event or answer: a path of names. */
  usagePath(value: Json): readonly string[]
  /**
   * What ends a stream that broke off.
   * @param latest the data of the event that came last; null: none came
   */
  errorEvent(message: string, code: string, latest: Json | null): string
  /** What a whole stream ends with, where the upstream left it out. */
  readonly endEvent: string
}
