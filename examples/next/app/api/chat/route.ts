// A route handler of Next.js, app/api/chat/route.ts: npm install paretobandit openai; OPENAI_API_KEY=... npx next dev
// POST { prompt } answers as a stream, PUT { id, reward } rewards an answer, GET tells how it goes.
import OpenAI from 'openai'
import { createRouter, ParetoBanditError } from 'paretobandit'
import { routed, runOf } from 'paretobandit/openai'
import { names, prices } from '../../../../prices.mjs'

// One router for each process. Where there are several, give all of them one `store: redisStore({ url })`.
const router = await createRouter<string>({ models: prices, budget: { usdPerRequest: 0.002 } })
const client = routed(new OpenAI(), router, { names })

export async function POST(request: Request): Promise<Response> {
  const prompt = (await jsonOf(request))?.prompt
  if (typeof prompt !== 'string') return problem(400, 'expected a prompt')
  try {
    const stream = await client.chat.completions.create(
      { model: 'auto', messages: [{ role: 'user', content: prompt }], stream: true },
      { signal: request.signal },
    )
    const id = runOf(stream)?.decision.id ?? ''
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-decision': id }
    return new Response(textOf(stream), { headers })
  } catch (error) {
    return error instanceof OpenAI.APIError ? problem(502, error.message) : refusal(error)
  }
}

export async function PUT(request: Request): Promise<Response> {
  const given = await jsonOf(request)
  try {
    router.reward(given?.id, given?.reward)
    return new Response(null, { status: 204 })
  } catch (error) {
    return refusal(error)
  }
}

export const GET = (): Response => Response.json(router.stats())

/** The texts of an answer. A reader who goes away leaves the answer's own stream, which books what came. */
function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): ReadableStream<Uint8Array> {
  const events = stream[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await events.next()
      if (done === true) controller.close()
      else controller.enqueue(new TextEncoder().encode(value.choices[0]?.delta.content ?? ''))
    },
    cancel: async () => void (await events.return?.()),
  })
}

function refusal(error: unknown): Response {
  if (error instanceof ParetoBanditError) return problem(400, error.message)
  throw error
}

const jsonOf = (request: Request) => request.json().catch(() => null)
const problem = (status: number, error: string): Response => Response.json({ error }, { status })
