import type { Command } from 'commander'
import type { AccountStats } from '../policy/dollar/stats.js'
import type { Router } from '../router/router.js'
import { renderAccount } from './account-view.js'
import { EventLog } from './event-log.js'
import { numberFlag } from './flags.js'
import { checkOutputs, filesOfLog } from './outputs.js'
import { teach } from './state/session.js'

interface AdjustFlags {
  readonly state: string
  readonly tenant?: string
  readonly log?: string
}

const HELP = `
A credit of dollars, or a debit where the number is negative: to what the account has saved up, and to what its caps still
allow in their present periods. Spend and budget stay as they are.

Examples:
  $ paretobandit adjust 25 --state router.state
  $ paretobandit adjust --tenant acme --state router.state -- -0.5`

export function registerAdjust(program: Command): void {
  program
    .command('adjust')
    .description("credit an account, the router's or a tenant's, and its caps")
    .argument('<usd>', 'the credit, USD; negative: a debit', numberFlag)
    .requiredOption('--state <file>', "the state file of 'route'")
    .option('--tenant <id>', "the tenant's account instead of the router's")
    .option('--log <file>', 'append the event as a line of JSON')
    .addHelpText('after', HELP)
    .action(adjust)
}

async function adjust(usd: number, { state, tenant, log: lines }: AdjustFlags): Promise<void> {
  await checkOutputs([lines], [], filesOfLog(state))
  const log = new EventLog(lines)
  const text = await teach(state, ({ router }) => {
    log.listen(router)
    router.adjustAccount(usd, { tenant })
    return renderAccount(tenant ?? null, accountOf(router, tenant))
  })
  await log.tell(text)
}

function accountOf(router: Router, tenant: string | undefined): AccountStats | null {
  return tenant === undefined ? router.stats().account : router.tenantStats(tenant)
}
