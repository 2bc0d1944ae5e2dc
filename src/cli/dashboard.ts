import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import { portFlag } from './flags.js'
import { listenError } from './listen-error.js'
import { print } from './print.js'
import { type LogReader, openReader, withReader } from './state/log-view.js'
import { stopSignal } from './stop-signal.js'

interface DashboardFlags {
  readonly stream?: string
  readonly port: number
}

const PORT = 8788

const HELP = `
It only reads, also while a service runs on the log, and shows what the service writes within a second or two. It listens on
127.0.0.1 alone, until Ctrl-C. What only a gateway knows (conversations, caches, who gave rewards) is on the gateway's own
dashboard.

Examples:
  $ paretobandit dashboard router.state
  $ paretobandit dashboard redis://localhost:6379 --stream router --port 9000`

export function registerDashboard(program: Command): void {
  program
    .command('dashboard')
    .description('show a log as a page in the browser, live')
    .argument('<log>', "the state file of 'route' or a service's log, or redis://HOST:PORT")
    .option('--stream <name>', 'which log of that Redis (default: paretobandit)')
    .option('--port <number>', 'where it listens on 127.0.0.1; 0 takes a free one', portFlag, PORT)
    .addHelpText('after', HELP)
    .action(dashboard)
}

async function dashboard(log: string, { stream, port }: DashboardFlags): Promise<void> {
  const { serveLog } = await import('./dashboard/serve-log.js')
  const serve = (reader: LogReader) =>
    serveLog(reader, {
      name: log,
      port,
      openAgain: () => openReader(log, stream, 'own'),
      stopped: stopSignal(),
      onListening: (url) =>
        print(`the dashboard of ${visible(log)}\n\n  ${url}/dashboard\n\nIt runs until Ctrl-C.\n`),
    })
  await withReader(log, stream, serve, 'own').catch((error: unknown) => {
    throw listenError(error, '--port', ': take another, or 0 for any')
  })
  process.exit(0)
}
