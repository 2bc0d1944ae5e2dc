import { withoutBase } from './base-path.js'
import { type AnswerStream, type ClientAnswer, dropAnswer } from './client-answer.js'
import { BodyTooLong, type ClientRequest, type HeaderReader, type TakeBytes } from './client-request.js'
import type { CompleteByPath } from './complete-by-path.js'

type Fetch = (request: Request) => Response | Promise<Response>

/**
 * Answers requests of the web: by `complete` where it takes the path, by `others` where it does not. Both hear the path without `basePath`.
 */
export function webDoor(complete: CompleteByPath, others: Fetch, basePath = ''): Fetch {
  return (request) => {
    const path = withoutBase(pathOf(request.url), basePath)
    const answer = request.method === 'POST' ? complete(path, requestOf(request)) : null
    return answer?.then(responseOf) ?? others(basePath === '' ? request : moved(request, basePath))
  }
}

/** The same request where its path is one without `basePath`. */
function moved(request: Request, basePath: string): Request {
  const url = new URL(request.url)
  const path = withoutBase(url.pathname, basePath)
  if (path === url.pathname) return request
  url.pathname = path
  return new Request(url, request)
}

/** As it stands in a URL: what is written in another way is somebody else's to read. */
function pathOf(url: string): string {
  const from = url.indexOf('/', url.indexOf('://') + 3)
  return from < 0 ? '/' : url.slice(from).split(/[?#]/, 1)[0]
}

/** A request of the web, as the gateway reads it. */
export function requestOf(request: Request): ClientRequest {
  return new WebRequest(request)
}

/** An answer as the web has it. */
export function responseOf(answer: ClientAnswer): Response {
  const { status, headers, body } = answer
  // When a response is on its way nobody here is told.
  answer.sent?.()
  try {
    return new Response(typeof body === 'object' && body !== null ? readableOf(body) : body, {
      status,
      headers,
    })
  } catch (error) {
    dropAnswer(answer)
    throw error
  }
}

class WebRequest implements ClientRequest {
  private readonly request: Request

  constructor(request: Request) {
    this.request = request
  }

  get headers(): HeaderReader {
    return this.request.headers
  }

  get isGone(): boolean {
    return this.request.signal.aborted
  }

  onGone(listener: () => void): void {
    this.request.signal.addEventListener('abort', listener, { once: true })
  }

  async body(bytesMax: number, take?: TakeBytes): Promise<Uint8Array> {
    const { request } = this
    const length = request.headers.get('content-length')
    if (length !== null) {
      if (Number(length) > bytesMax) throw new BodyTooLong()
      take?.(Number(length) || 0)
      return new Uint8Array(await request.arrayBuffer())
    }
    const chunks: Uint8Array[] = []
    let bytes = 0
    const reader = request.body?.getReader()
    if (reader === undefined) return new Uint8Array()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.byteLength
      if (bytes > bytesMax) {
        reader.cancel().catch(() => {})
        throw new BodyTooLong()
      }
      try {
        take?.(value.byteLength)
      } catch (error) {
        reader.cancel().catch(() => {})
        throw error
      }
      chunks.push(value)
    }
    const whole = new Uint8Array(bytes)
    let offset = 0
    for (const chunk of chunks) {
      whole.set(chunk, offset)
      offset += chunk.byteLength
    }
    return whole
  }
}

function readableOf(stream: AnswerStream): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const sinkOf = (controller: ReadableStreamDefaultController<Uint8Array>) => ({
    send(text: string) {
      try {
        controller.enqueue(encoder.encode(text))
      } catch {
        // The client has gone.
      }
    },
    end() {
      try {
        controller.close()
      } catch {
        // The client has gone.
      }
    },
  })
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => stream.begin(sinkOf(controller)),
      pull: () => stream.pull(),
      cancel: () => stream.cancel(),
    },
    { highWaterMark: stream.waitingBytesMax, size: (chunk) => chunk?.byteLength ?? 0 },
  )
}
