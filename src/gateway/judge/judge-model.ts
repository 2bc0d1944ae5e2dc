import type { After } from '../../base/after.js'
import { type Json, objectOf, objectsOf, parseObject, textOfContent } from '../../base/json.js'
import type { JudgeReply, Question } from '../../rewards/index.js'
import { Judge, OVER_CAP, type RewardCollector } from '../../rewards/parts.js'
import type { GatewayConfig } from '../config/config.js'
import { JUDGE_TENANT } from '../config/router-options.js'
import type { ClientKey } from '../keys/keyring.js'
import { THE_JUDGE } from '../logs/failure-log.js'
import type { ProtocolAdapter } from '../protocols/adapter.js'
import { ANTHROPIC_MESSAGES } from '../protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../protocols/openai-chat.js'
import type { SurfaceDeps } from '../surfaces.js'

/** Who asks for grades. Its requests are like any other, on an account of their own. */
export const JUDGE_KEY: ClientKey = {
  id: 'judge',
  name: 'judge',
  tenant: JUDGE_TENANT,
  groups: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  expiresAt: null,
  teaches: false,
}

/** Asks a model as a client would. */
export type AskModel = (adapter: ProtocolAdapter, request: Request) => Promise<Response>

/** The judge of a gateway: a model of its own config, paid from the account of `JUDGE_TENANT`, whose cap ends it. */
export function judgeOf(
  { live, now, onError }: SurfaceDeps,
  rewards: RewardCollector,
  after: After,
  random: () => number,
  ask: AskModel,
): Judge {
  return new Judge({
    settings() {
      const { judge } = live.current.rewards
      return judge === null ? null : { share: judge.share, rubric: judge.rubric, cap: null }
    },
    draw: () => random(),
    after,
    now,
    ask: (question) => replyOf(live.current, question, ask),
    reward: (decision, value) =>
      rewards.give({ decision, value, weight: 1, source: 'judge', idempotencyKey: 'judge' }),
    onError: (error) => onError(error, THE_JUDGE),
  })
}

/** Null: its model fails. The log has it. */
async function replyOf(
  { rewards, models, upstreams }: GatewayConfig,
  question: Question,
  ask: AskModel,
): Promise<JudgeReply | typeof OVER_CAP | null> {
  const model = models.find(({ id }) => id === rewards.judge?.model)
  const upstream = upstreams.find(({ id }) => id === model?.upstream)
  if (model === undefined || upstream === undefined) return null
  const adapter = upstream.protocol === 'anthropic' ? ANTHROPIC_MESSAGES : OPENAI_CHAT
  const body = bodyOf(model.id, adapter, question, model.maxOutputTokens)
  const request = new Request(`http://judge${adapter.path}`, { method: 'POST', body: JSON.stringify(body) })
  const response = await ask(adapter, request)
  const text = await response.text()
  // Of no upstream: its 402 is told as 502.
  if (response.status === 402) return OVER_CAP
  return response.ok ? textOfAnswer(parseObject(text) ?? {}) : null
}

/** @param maxOutputTokens of the model; null: not known */
function bodyOf(
  model: string,
  adapter: ProtocolAdapter,
  question: Question,
  maxOutputTokens: number | null,
): object {
  const tokens = Math.min(question.maxOutputTokens, maxOutputTokens ?? question.maxOutputTokens)
  const user = { role: 'user', content: question.user }
  if (adapter === ANTHROPIC_MESSAGES)
    return { model, max_tokens: tokens, system: question.system, messages: [user] }
  const messages = [{ role: 'system', content: question.system }, user]
  return { model, max_completion_tokens: tokens, messages }
}

function textOfAnswer(answer: Json): string {
  const [choice] = objectsOf(answer.choices)
  return textOfContent(objectOf(choice?.message)?.content ?? answer.content)
}
