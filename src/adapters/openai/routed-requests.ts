import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import { isResponse } from '../../base/of-the-web.js'
import { isStream } from '../../base/stream.js'
import type { ContextInput, Router, Run, RunOptions } from '../../index.js'
import { type ModelCapabilities, onlyAble, readCapabilities } from '../able-models.js'
import { HeardAnswer } from '../heard-answer.js'
import { withSignal } from '../signals.js'
import { firstContent } from './first-content.js'
import type { KeptResponses } from './kept-responses.js'
import { abortedBy, providerFailure } from './provider-failure.js'
import type { OpenAIClient, RoutedOptions } from './routed-options.js'
import { type Answered, requestOf } from './routed-request.js'
import { isReasonOf, shownStream } from './shown-stream.js'
import { callOf, type Surface } from './surface.js'

/** What requests have in common that one call of a helper makes. */
export interface Helped {
  readonly session: string | undefined
  /** Called for each that is answered. */
  answered(run: Run<unknown>): void
}

const AUTO = 'auto'

/** The requests of one client, as far as they are routed. */
export class RoutedRequests {
  readonly auto: string
  private readonly client: OpenAIClient
  private readonly router: Router<string>
  private readonly options: RoutedOptions
  private readonly capabilities: ModelCapabilities
  private readonly kept: KeptResponses

  constructor(client: OpenAIClient, router: Router<string>, options: RoutedOptions, kept: KeptResponses) {
    this.kept = kept
    this.client = client
    this.router = router
    this.options = options
    this.auto = options.auto ?? AUTO
    this.capabilities = readCapabilities(options.capabilities)
  }

  /** Whether a request is for the router. */
  readonly isFor = (body: unknown): body is Json => isRecord(body) && body.model === this.auto

  sessionOf(body: Json): string | undefined {
    return (this.options.session ?? sessionOf)(body) ?? this.options.run?.session
  }

  /** @param helped null: by `create` itself */
  create(surface: Surface, helped: Helped | null, body: unknown, more: Json = {}): unknown {
    const path = [...surface.path, 'create']
    if (!this.isFor(body)) return callOf(this.client, path, body, more)
    return requestOf(() => this.start(surface, helped, body, more))
  }

  private async start(surface: Surface, helped: Helped | null, body: Json, more: Json): Promise<Answered> {
    const { names = {}, rewards } = this.options
    const heard = HeardAnswer.of(rewards, surface.format, () => body)
    let sent = body
    let response: Response | null = null
    const asked = this.runOptions(surface, helped, body, more)
    const input = surface.prompt(body) as ContextInput
    const { signal } = asked
    const call = async ({ model }: { readonly model: string }) => {
      sent = surface.sent(body, Object.hasOwn(names, model) ? names[model] : model)
      const to = this.clientOf(model)
      const made = callOf(to, [...surface.path, 'create'], sent, {
        ...more,
        ...(signal && { signal }),
        maxRetries: 0,
      })
      const whole = await withResponse(made, to)
      response = whole.response
      if (isStream(whole.data)) return firstContent(whole.data, surface, to, response)
      const said = surface.failureIn(whole.data)
      if (said !== null) throw providerFailure(to, said, response)
      return whole.data
    }
    const run = await this.router.run<unknown>(input, asked, call).catch((error: unknown) => {
      throw isReasonOf(signal, error) ? abortedBy(this.client, error) : error
    })
    helped?.answered(run)
    const { answer, decision } = run
    let hasFailed = false
    const isShown = (event: unknown) => {
      heard?.add(() => event)
      this.kept.heard(event, decision.model)
      hasFailed ||= surface.failureIn(event) !== null
      return surface.isShown(event, body)
    }
    const ended = () => {
      if (!hasFailed) heard?.ended(decision.id)
    }
    const shown = isStream(answer) ? shownStream(answer, isShown, ended, signal) : answer
    if (!isStream(answer)) {
      heard?.add(() => answer)
      this.kept.heard(answer, decision.model)
      ended()
    }
    return { run, sent, response, shown }
  }

  private clientOf(model: string): OpenAIClient {
    const { clients = {} } = this.options
    return Object.hasOwn(clients, model) ? clients[model] : this.client
  }

  /** What goes on with a response that a provider keeps goes to models of the same client: others know nothing of it. */
  private whereKept(run: RunOptions, body: Json): RunOptions {
    const model = this.kept.modelOf(body)
    if (model === null || Object.keys(this.options.clients ?? {}).length === 0) return run
    const ids = run.candidates ?? this.router.stats().models.map(({ id }) => id)
    const candidates = ids.filter((id) => this.clientOf(id) === this.clientOf(model))
    return candidates.length === 0 ? run : { ...run, candidates }
  }

  private runOptions(surface: Surface, helped: Helped | null, body: Json, { signal }: Json): RunOptions {
    const { run = {} } = this.options
    const needs = surface.needs(body)
    const isMasked = needs.size > 0 && Object.keys(this.capabilities).length > 0
    const ids = isMasked ? this.router.stats().models.map(({ id }) => id) : []
    return {
      ...withSignal(onlyAble(this.whereKept(run, body), ids, this.capabilities, needs), signal),
      ...surface.limits(body),
      session: helped === null ? this.sessionOf(body) : helped.session,
    }
  }
}

/** An answer, with the response that brought it where the client tells. */
async function withResponse(
  made: unknown,
  client: OpenAIClient,
): Promise<{ data: unknown; response: Response | null }> {
  const ask = (name: string): Promise<unknown> | null => {
    const method: unknown = typeof made === 'object' && made !== null ? Reflect.get(made, name) : null
    return typeof method === 'function' ? method.call(made) : null
  }
  const whole = ask('withResponse')
  if (whole === null) return { data: await made, response: null }
  try {
    return (await whole) as { data: unknown; response: Response }
  } catch (error) {
    // The client reads a response as an object, whatever it is.
    const response = error instanceof TypeError ? await ask('asResponse')?.catch(() => null) : null
    if (!isResponse(response) || !response.ok) throw error
    const type = response.headers.get('content-type') ?? 'none'
    if (type.includes('json')) throw error
    throw providerFailure(client, `a body of type ${type}`, response)
  }
}

function sessionOf({ metadata }: Json): string | undefined {
  return isRecord(metadata) && typeof metadata.session_id === 'string'
    ? metadata.session_id || undefined
    : undefined
}
