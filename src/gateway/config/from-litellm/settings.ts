import { isRecord } from '../../../base/check.js'
import type { Json } from '../../../base/json.js'
import { DAY_MS, HOUR_MS } from '../words.js'
import type { Findings } from './findings.js'
import { toldName } from './old-names.js'
import { flagIn, numberIn } from './old-values.js'
import { referenceIn, type SecretNames } from './secret-names.js'

/** Parts of the new file that follow from what stands beside `model_list`. */
export interface Settings {
  readonly store?: Json
  readonly caps?: readonly Json[]
  readonly timeouts?: Json
  readonly retries?: Json
  readonly admin?: Json
}

/** Lengths of a budget, by the words of LiteLLM; of others the next shorter one. */
const PERIODS: readonly (readonly [hours: number, per: string])[] = [
  [24 * 28, 'month'],
  [24 * 7, 'week'],
  [24, 'day'],
  [0, 'hour'],
]
const HOURS: Readonly<Record<string, number>> = {
  s: 1 / 3600,
  m: 1 / 60,
  h: 1,
  d: 24,
  w: 24 * 7,
  mo: 24 * 30,
}
const TRIES_MAX = 10
const HOST = /^[A-Za-z0-9.-]{1,253}$/
const PORT = /^\d{1,5}$/

/** What is read by others. */
const ELSEWHERE: ReadonlySet<string> = new Set(['model_list', 'credential_list', 'environment_variables'])
/** What was read of the sections; all else of them is named. */
const READ: Readonly<Record<string, readonly string[]>> = {
  litellm_settings: ['max_budget', 'budget_duration', 'request_timeout', 'num_retries'],
  router_settings: [
    'timeout',
    'stream_timeout',
    'num_retries',
    'cooldown_time',
    'disable_cooldowns',
    'redis_host',
    'redis_port',
    'redis_password',
    'redis_url',
    'model_group_alias',
  ],
  general_settings: ['master_key'],
}
/** What is another way here, in words; names are of any section. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [
    /fallbacks$/,
    "under 'auto' every model that can serve a request is asked next, and who names a model gets that model alone",
  ],
  [
    /^routing_strategy|^allowed_fails|^retry_policy|^enable_pre_call_checks|^latency/,
    'the router decides by rewards and costs, and leaves alone what fails',
  ],
  [
    /callbacks?$|^langfuse|^alerting|^otel/,
    'a JSON line a request, /metrics, and spans where @opentelemetry/api is installed',
  ],
  [/^include$/, 'expected a list of files: they are not read'],
  [/^drop_params$|^modify_params$/, 'a model that does not take a member is passed over for those that do'],
  [
    /^database_url$|^store_model_in_db$|^custom_auth$|^enable_jwt_auth$|key_generation|default_team/,
    "keys are made by 'paretobandit keys create', tenants stand in this file",
  ],
]
const QUIET = /^(set_verbose|telemetry|json_logs|detailed_debug|debug|turn_off_message_logging)$/

/** @param file the old file */
export function settingsOf(file: Json, secrets: SecretNames, findings: Findings): Settings {
  const section = (name: string): Json => (isRecord(file[name]) ? file[name] : {})
  const [litellm, router, general] = ['litellm_settings', 'router_settings', 'general_settings'].map(section)
  tellRest(file, findings)
  const numbers = new Numbers(file, findings)
  const timeouts = compact({
    totalMs: milliseconds(
      numbers.first('seconds', DAY_MS / 1000, 'router_settings.timeout', 'litellm_settings.request_timeout'),
    ),
    firstTokenMs: milliseconds(numbers.first('seconds', DAY_MS / 1000, 'router_settings.stream_timeout')),
  })
  const tries = numbers.first(
    'tries',
    TRIES_MAX,
    'router_settings.num_retries',
    'litellm_settings.num_retries',
  )
  const cooldown = numbers.first('seconds', HOUR_MS / 1000, 'router_settings.cooldown_time')
  const retries = compact({
    triesMax: tries,
    cooldownMs: flagIn(router.disable_cooldowns) === true ? 0 : milliseconds(cooldown),
  })
  const budget = numbers.first('dollars', 1e12, 'litellm_settings.max_budget')
  numbers.tellUnread()
  const cap = budget === undefined ? null : capOf(budget, litellm.budget_duration, findings)
  const store = storeOf(router, secrets, findings)
  const admin = adminOf(general, secrets)
  return {
    ...(store === null ? {} : { store }),
    ...(cap === null ? {} : { caps: [cap] }),
    ...(timeouts === null ? {} : { timeouts }),
    ...(retries === null ? {} : { retries }),
    ...(admin === null ? {} : { admin }),
  }
}

function compact(entries: Json): Json | null {
  const kept = Object.entries(entries).filter(([, value]) => value !== undefined)
  return kept.length === 0 ? null : Object.fromEntries(kept)
}

/** Numbers of the old file, by where they stand. */
class Numbers {
  private readonly file: Json
  private readonly findings: Findings
  private readonly unread: string[] = []

  constructor(file: Json, findings: Findings) {
    this.file = file
    this.findings = findings
  }

  /** Of the places the first that has something. @returns undefined: none has a number that can be used */
  first(
    unit: 'seconds' | 'tries' | 'dollars',
    most: number,
    ...places: readonly string[]
  ): number | undefined {
    for (const place of places) {
      const [section, name] = place.split('.')
      const part = this.file[section]
      const value = isRecord(part) ? part[name] : undefined
      if (value === undefined || value === null) continue
      const given = numberIn(value)
      // The first try is not made again.
      const number = given !== null && unit === 'tries' && given >= 0 ? Math.floor(given) + 1 : given
      if (number === null || !(number > 0)) {
        this.unread.push(place)
        continue
      }
      if (number > most) this.findings.changed.push(`${place}: ${most} ${unit} are the most here`)
      return Math.min(most, number)
    }
    return undefined
  }

  tellUnread(): void {
    if (this.unread.length > 0)
      this.findings.changed.push(
        `${this.unread.join(', ')}: not taken over, as what stands there is no number that can be used`,
      )
  }
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(1, Math.round(seconds * 1000))
}

function capOf(usd: number, duration: unknown, findings: Findings): Json | null {
  const [, count, unit] = /^(\d{1,6})(mo|[smhdw])$/.exec(wordOf(duration)) ?? []
  if (unit === undefined) {
    findings.toDo.push(
      `litellm_settings.max_budget: $${usd} has no budget_duration: a cap here is of an hour, day, week or month, so write the one that you want under caps`,
    )
    return null
  }
  const hours = Number(count) * HOURS[unit]
  const [least, per] = PERIODS.find(([from]) => hours >= from) ?? PERIODS[PERIODS.length - 1]
  const isSame = { month: [28, 31], week: [7, 7], day: [1, 1], hour: [1 / 24, 1 / 24] }[per]?.map(
    (days) => days * 24,
  )
  if (isSame === undefined || hours < isSame[0] - 1e-9 || hours > isSame[1] + 1e-9)
    findings.changed.push(
      `litellm_settings.budget_duration: ${duration} is a calendar ${per} here${least === 0 ? ', the shortest there is' : ''}`,
    )
  return { usd, per }
}

function storeOf(router: Json, secrets: SecretNames, findings: Findings): Json | null {
  const { redis_url: url, redis_host: host, redis_port: port = 6379, redis_password: password } = router
  const named = referenceIn(url)
  if (named !== null) return { kind: 'redis', url: `$${named}` }
  if (typeof url !== 'string' && typeof host !== 'string') return null
  const isPlain =
    HOST.test(wordOf(host)) && PORT.test(wordOf(port)) && (password === undefined || password === '')
  if (typeof url !== 'string' && isPlain) return { kind: 'redis', url: `redis://${host}:${port}` }
  // It may hold a password.
  const name = secrets.newName('REDIS_URL')
  findings.toDo.push(
    `router_settings: put the address of Redis into the environment as ${name}: redis://:PASSWORD@HOST:PORT`,
  )
  return { kind: 'redis', url: `$${name}` }
}

/** Of a text or a number; of all else nothing. */
function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function adminOf({ master_key: key }: Json, secrets: SecretNames): Json | null {
  if (key === undefined || key === null) return null
  const name = secrets.nameOf(key, 'general_settings.master_key', null, 'PARETOBANDIT_ADMIN_KEY')
  return name === null ? null : { key: name }
}

/** Names all that was not read, with what is in its place. */
function tellRest(file: Json, findings: Findings): void {
  const paths = Object.entries(file).flatMap(([section, value]) => {
    if (ELSEWHERE.has(section)) return []
    if (!Object.hasOwn(READ, section) || !isRecord(value)) return [[toldName(section), section] as const]
    return Object.keys(value)
      .filter((name) => !READ[section].includes(name) && !QUIET.test(name))
      .map((name) => [`${section}.${toldName(name)}`, name] as const)
  })
  const byReason = new Map<string, string[]>()
  for (const [path, name] of paths) {
    const [, reason = ''] = INSTEAD.find(([pattern]) => pattern.test(name)) ?? []
    byReason.set(reason, [...(byReason.get(reason) ?? []), path])
  }
  for (const [reason, each] of byReason)
    findings.changed.push(`${each.join(', ')}: ${reason === '' ? 'not taken over' : reason}`)
}
