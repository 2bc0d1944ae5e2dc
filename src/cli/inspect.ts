import type { Command } from 'commander'
import { ParetoBanditError } from '../base/errors.js'
import { reportRedisKeys } from '../store/redis/key-report.js'
import { eventsFlag } from './flags.js'
import { renderInspection } from './inspect-view.js'
import { print } from './print.js'
import { renderRedisKeys } from './redis-keys-view.js'
import { isRedis } from './state/log-file.js'
import { inspectLog } from './state/log-inspection.js'
import { withView } from './state/log-view.js'

interface InspectFlags {
  readonly stream?: string
  readonly events: number
  readonly json?: boolean
}

const EVENTS_DEFAULT = 10
/** Of a log that is there in part, or whose keys are another's. */
const BROKEN = new Set(['STORE_CORRUPT', 'STORE_MISMATCH', 'LOG_TRIMMED'])

const HELP = `
It only reads, also while a service runs on the log. The digest is that of router.digest(): equal wherever a log is folded
up to the same position. Of a log in Redis of which keys are gone it shows what is left, what is wrong and what ends it.

Examples:
  $ paretobandit inspect router.state
  $ paretobandit inspect redis://localhost:6379 --stream router --json`

export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .description('show what a log holds: models, budgets, waiting requests, latest events')
    .argument('<log>', "the state file of 'route' or a service's log, or redis://HOST:PORT")
    .option('--stream <name>', 'which log of that Redis (default: paretobandit)')
    .option('--events <n>', 'how many of the latest events, 1 to 1000', eventsFlag, EVENTS_DEFAULT)
    .option('--json', 'print it as JSON')
    .addHelpText('after', HELP)
    .action(inspect)
}

async function inspect(log: string, { stream, events, json }: InspectFlags): Promise<void> {
  const found = await withView(log, stream, (view) => inspectLog(log, view, events)).catch(
    async (error: unknown) => {
      if (isRedis(log) && isOfLog(error)) await showKeys(log, stream, error.message, json === true)
      throw error
    },
  )
  print(json === true ? `${JSON.stringify(found, null, 2)}\n` : renderInspection(found))
}

function isOfLog(error: unknown): error is ParetoBanditError {
  return error instanceof ParetoBanditError && BROKEN.has(error.code)
}

/** What there is where there is no log that can be read. */
async function showKeys(
  url: string,
  stream: string | undefined,
  error: string,
  isJson: boolean,
): Promise<void> {
  const found = await reportRedisKeys({ url, stream })
  if (found.keys === 0) return
  print(isJson ? `${JSON.stringify({ error, ...found }, null, 2)}\n` : renderRedisKeys(found))
}
