import { setTimeout as wait } from 'node:timers/promises'
import { Random } from '../simulated/random.js'
import { DEMO_KEY } from './demo-config.js'
import { TOPICS, type Topic, type World } from './world.js'

const QUESTIONS: Readonly<Record<Topic, readonly string[]>> = {
  code: [
    'Write a TypeScript function that',
    'Why does this Rust program not compile:',
    'Review my SQL query that',
  ],
  facts: [
    'Who was the first to say that',
    'In which year did people learn that',
    'Tell me what is known of how',
  ],
  letters: [
    'Write a friendly letter to a neighbour who',
    'Thank a colleague who',
    'Decline politely when somebody',
  ],
  sums: ['Calculate step by step what it costs when', 'Solve the equation of', 'How likely is it that'],
}
const SUBJECTS = ['sorts a list', 'waters the garden', 'counts the votes', 'sells bread', 'follows a river']

/** Questions a second. */
const RATE = 25
const UNDER_WAY_MAX = 80
const REWARDED_SHARE = 0.8
/** A reward comes so long after the answer, ms. */
const REWARD_DELAY_MS = { least: 100, most: 2500 } as const
/** Of streams, those whose reader goes away early. */
const LEAVING_SHARE = 0.02
const PIECES_BEFORE_LEAVING = 3
/** One request in this many names its conversation, and how many visitors converse. */
const CONVERSING_EACH = 3
const VISITORS = 60
/** An error of a stream is in its last event. */
const TAIL_CHARS = 2000

type Way = 'chat' | 'responses' | 'messages'
const PATHS: Readonly<Record<Way, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
}

/** What one of them got. */
export interface Served {
  readonly status: number
  readonly model: string | null
}

/** Simulated people, who ask over HTTP and say later how good the answer was. */
export class People {
  /** Rewards that were taken, and those that were not. */
  readonly rewards = { given: 0, refused: 0 }
  private readonly random: Random
  private readonly underWay = new Set<Promise<void>>()
  private readonly owed = new Map<() => Promise<void>, NodeJS.Timeout>()
  private readonly feedbackUnderWay = new Set<Promise<void>>()
  private isPaused = false
  private isStopped = false
  private count = 0

  constructor(
    private readonly url: string,
    private readonly world: World,
    seed: number,
    private readonly onServed: (served: Served) => void,
    private readonly onReward: (model: string, value: number) => void,
  ) {
    this.random = new Random(seed)
  }

  /** Asks until it is told to stop. Who was late asks at once, so that a busy machine gets as many questions. */
  async run(): Promise<void> {
    let nextAt = performance.now()
    while (!this.isStopped) {
      const now = performance.now()
      if (nextAt > now) await wait(nextAt - now)
      else if (this.isPaused || this.underWay.size >= UNDER_WAY_MAX) {
        nextAt = now
        await wait(1)
        continue
      }
      if (this.isPaused || this.isStopped) continue
      track(this.underWay, this.ask())
      nextAt += (-Math.log(1 - this.random.next()) * 1000) / RATE
    }
  }

  /** Does something while nobody waits for an answer. */
  async inSilence(act: () => Promise<void>): Promise<void> {
    this.isPaused = true
    await this.answered()
    await act()
    this.isPaused = false
  }

  /** No more questions; resolves when all are answered and all that was to be said has been said. */
  async stop(): Promise<void> {
    this.isStopped = true
    await this.answered()
    for (const [reward, timer] of [...this.owed]) {
      clearTimeout(timer)
      this.say(reward)
    }
    while (this.feedbackUnderWay.size > 0) await Promise.all(this.feedbackUnderWay)
  }

  private async answered(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay)
  }

  private async ask(): Promise<void> {
    const { random } = this
    const number = ++this.count
    const topic = TOPICS[random.below(TOPICS.length)]
    const question = QUESTIONS[topic][random.below(QUESTIONS[topic].length)]
    const text = `${question} ${SUBJECTS[random.below(SUBJECTS.length)]} (${number})`
    const draw = random.next()
    const way: Way = draw < 0.7 ? 'chat' : draw < 0.85 ? 'responses' : 'messages'
    const isStreamed = random.next() < 0.5
    const isLeaving = isStreamed && random.next() < LEAVING_SHARE
    const isRewarded = random.next() < REWARDED_SHARE
    const delayMs = REWARD_DELAY_MS.least + random.next() * (REWARD_DELAY_MS.most - REWARD_DELAY_MS.least)
    const controller = new AbortController()
    const session = number % CONVERSING_EACH === 0 ? `visitor ${number % VISITORS}` : null
    const response = await this.post(PATHS[way], bodyOf(way, text, isStreamed), controller.signal, session)
    const model = response.headers.get('x-paretobandit-model')
    const decision = response.headers.get('x-paretobandit-decision')
    const isWhole = await read(response, isLeaving ? controller : null)
    this.onServed({ status: response.status, model })
    if (!response.ok || !isWhole || !isRewarded || model === null || decision === null) return
    const value = this.world.reward(model, topic, random)
    const reward = async () => {
      const answer = await this.post('/v1/feedback', {
        decision_id: decision,
        value,
        idempotency_key: decision,
      })
      await answer.arrayBuffer()
      if (answer.ok) {
        this.rewards.given++
        this.onReward(model, value)
      } else this.rewards.refused++
    }
    const timer = setTimeout(() => this.say(reward), delayMs)
    this.owed.set(reward, timer)
  }

  private say(reward: () => Promise<void>): void {
    this.owed.delete(reward)
    track(this.feedbackUnderWay, reward())
  }

  private post(
    path: string,
    body: object,
    signal?: AbortSignal,
    session: string | null = null,
  ): Promise<Response> {
    return fetch(this.url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${DEMO_KEY}`,
        'content-type': 'application/json',
        ...(session === null ? {} : { 'x-session-id': session }),
      },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    })
  }
}

function track(set: Set<Promise<void>>, task: Promise<void>): void {
  // What breaks off was meant to: the ledgers say of it all that there is to say.
  const held = task.catch(() => {}).finally(() => set.delete(held))
  set.add(held)
}

function bodyOf(way: Way, text: string, isStreamed: boolean): object {
  const messages = [{ role: 'user', content: text }]
  const body = way === 'responses' ? { input: text } : { messages }
  const limit = way === 'messages' ? { max_tokens: 1000 } : {}
  return { model: 'auto', ...body, ...limit, stream: isStreamed }
}

/** @returns whether it came to its end */
async function read(response: Response, leaving: AbortController | null): Promise<boolean> {
  if (response.body === null) return true
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  let pieces = 0
  let tail = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return !/"type": ?"error"|"error": ?\{/.test(tail)
    tail = (tail + decoder.decode(value, { stream: true })).slice(-TAIL_CHARS)
    if (leaving === null || ++pieces < PIECES_BEFORE_LEAVING) continue
    leaving.abort()
    return false
  }
}
