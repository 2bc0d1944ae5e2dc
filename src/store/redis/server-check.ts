import { ParetoBanditError } from '../../base/errors.js'
import { type Connection, command } from './connection.js'
import { isReply } from './failure.js'

const MAJOR_MIN = 7
/** Clocks that one source sets differ by less. */
const SKEW_MS_MAX = 2000

/** @throws STORE_MISMATCH for a Redis before 7; Valkey is one of 7 or later */
export async function checkVersion(connection: Connection, description: string): Promise<void> {
  checkInfo(String(await connection.send(command('INFO', 'server'))), description)
}

/** `checkVersion` of what INFO says. */
export function checkInfo(info: string, description: string): void {
  if (/^valkey_version:/m.test(info)) return
  const version = /^redis_version:(\S+)/m.exec(info)?.[1]
  if (Number.parseInt(version ?? '', 10) >= MAJOR_MIN) return
  const text = `expected Redis ${MAJOR_MIN} or later, or Valkey, got ${version ?? 'a server that does not say'}`
  throw new ParetoBanditError('STORE_MISMATCH', description, text)
}

/** What this server's settings and the clocks put at risk, for people; empty: nothing that can be seen from here. */
export async function risksOf(connection: Connection): Promise<string[]> {
  return [...(await settingRisks(connection)), ...(await clockRisks(connection))]
}

/** Events have the time of the machine that makes them, and its periods are those of all. */
async function clockRisks(connection: Connection): Promise<string[]> {
  const before = Date.now()
  const [seconds, micros] = (await connection.send(command('TIME'))) as readonly unknown[]
  const after = Date.now()
  const theirs = Number(String(seconds)) * 1000 + Number(String(micros)) / 1000
  const aheadMs = before > theirs ? before - theirs : Math.min(0, after - theirs)
  if (Math.abs(aheadMs) <= SKEW_MS_MAX) return []
  const by = `${(Math.abs(aheadMs) / 1000).toFixed(0)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} that of Redis`
  return [
    `the clock of this machine is ${by}: the times that it gives events begin and end periods of caps, and the time of reservations and feedback, for all processes; have one source set all clocks`,
  ]
}

async function settingRisks(connection: Connection): Promise<string[]> {
  let reply: unknown
  try {
    reply = await connection.send(
      command('CONFIG', 'GET', 'appendonly', 'appendfsync', 'maxmemory', 'maxmemory-policy'),
    )
  } catch (error) {
    // Hosted servers forbid it. Anything else will come again with the next command.
    if (!(error instanceof Error && isReply(error.cause))) throw error
    return ['its CONFIG cannot be read: whether what is acknowledged survives a crash of Redis is not known']
  }
  const flat = (reply as readonly Buffer[]).map(String)
  const settings = new Map<string, string>()
  for (let i = 0; i + 1 < flat.length; i += 2) settings.set(flat[i], flat[i + 1])
  return risksIn(settings)
}

function risksIn(settings: ReadonlyMap<string, string>): string[] {
  const risks: string[] = []
  const fsync = settings.get('appendfsync')
  if (settings.get('appendonly') !== 'yes') {
    risks.push(
      'appendonly is no: what is acknowledged survives a crash of the routers, but a crash of Redis loses all since it last saved its data set, minutes to hours',
    )
  } else if (fsync !== 'always') {
    const lost =
      fsync === 'everysec' ? 'up to two seconds' : 'as much as the system had not written, about 30 s'
    risks.push(
      `appendfsync is ${fsync}: what is acknowledged survives a crash of the routers and of the Redis process, but a crash of its machine loses ${lost}`,
    )
  }
  const policy = settings.get('maxmemory-policy')
  if ((settings.get('maxmemory') ?? '0') !== '0' && policy !== 'noeviction') {
    risks.push(
      `maxmemory-policy is ${policy}: when memory is short Redis drops leases or the log itself; noeviction refuses new events instead`,
    )
  }
  return risks
}
