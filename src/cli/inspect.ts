import type { Command } from 'commander'
import { eventsFlag } from './flags.js'
import { renderInspection } from './inspect-view.js'
import { print } from './print.js'
import { inspectLog } from './state/log-inspection.js'
import { withView } from './state/log-view.js'

interface InspectFlags {
  readonly stream?: string
  readonly events: number
  readonly json?: boolean
}

const EVENTS_DEFAULT = 10

const HELP = `
It only reads, also while a service runs on the log. The digest is that of router.digest(): equal wherever a log is folded
up to the same position.

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
  const found = await withView(log, stream, (view) => inspectLog(log, view, events))
  print(json === true ? `${JSON.stringify(found, null, 2)}\n` : renderInspection(found))
}
