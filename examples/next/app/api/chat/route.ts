// A route handler of Next.js, app/api/chat/route.ts: npm install paretobandit openai; OPENAI_API_KEY=... npx next dev
// Copy http.mjs and prices.mjs of examples/ beside it, and import them as './http.mjs' and './prices.mjs'.
// POST { prompt } answers as a stream, PUT { id, reward } rewards an answer, GET tells how it goes.
import OpenAI from 'openai'
import { createRouter } from 'paretobandit'
import { routed, runOf } from 'paretobandit/openai'
import { failureOf, jsonOf, textOf } from '../../../../http.mjs'
import { names, prices } from '../../../../prices.mjs'

// One router for each process. Where there are several, give all of them one `store: redisStore({ url })`.
const router = await createRouter<string>({ models: prices, budget: { usdPerRequest: 0.002 } })
const client = routed(new OpenAI(), router, { names })

export async function POST(request: Request): Promise<Response> {
  try {
    const prompt = (await jsonOf(request))?.prompt
    if (typeof prompt !== 'string') return Response.json({ error: 'expected a prompt' }, { status: 400 })
    const stream = await client.chat.completions.create(
      { model: 'auto', messages: [{ role: 'user', content: prompt }], stream: true },
      { signal: request.signal },
    )
    const id = runOf(stream)?.decision.id ?? ''
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-decision': id }
    return new Response(textOf(stream), { headers })
  } catch (error) {
    return failed(error)
  }
}

export async function PUT(request: Request): Promise<Response> {
  try {
    const given = await jsonOf(request)
    router.reward(given?.id, given?.reward)
    return new Response(null, { status: 204 })
  } catch (error) {
    return failed(error)
  }
}

export const GET = (): Response => Response.json(router.stats())

function failed(error: unknown): Response {
  const { status, headers, body } = failureOf(error)
  return Response.json(body, { status, headers })
}
