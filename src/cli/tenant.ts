import { type Command, InvalidArgumentError } from 'commander'
import { visible } from '../base/visible.js'
import { CAP_LENGTHS, type CapLength } from '../policy/dollar/accounts/cap-period.js'
import { renderAccount } from './account-view.js'
import { CommandError } from './command-error.js'
import { EventLog } from './event-log.js'
import { farBudgetLine } from './far-budget-view.js'
import { amountFlag, budgetFlag } from './flags.js'
import { checkOutputs, filesOfLog } from './outputs.js'
import { printError } from './print.js'
import { teach } from './state/session.js'

interface CapFlag {
  readonly usd: number
  readonly per: CapLength
}

interface TenantFlags {
  readonly state: string
  readonly budget?: number | 'none'
  readonly cap?: readonly CapFlag[]
  readonly remove?: boolean
  readonly log?: string
}

const HELP = `
A tenant has an account of its own beside the router's: 'route --tenant acme' draws on both. One that is known gets the new
budget and caps, and keeps what it has spent.

Examples:
  $ paretobandit tenant acme --budget 0.001 --cap 5/day --cap 100/month --state router.state
  $ paretobandit tenant acme --remove --state router.state`

export function registerTenant(program: Command): void {
  program
    .command('tenant')
    .description('register a tenant, or change its budget and caps')
    .argument('<id>', 'the tenant')
    .requiredOption('--state <file>', "the state file of 'route'")
    .option('--budget <usd>', "ceiling of its mean spend per request, USD, or 'none'", budgetFlag)
    .option(
      '--cap <usd/period>',
      `all that it may spend in a ${CAP_LENGTHS.join(', ')} of the calendar, UTC (repeatable)`,
      capFlag,
    )
    .option('--remove', 'forget the tenant')
    .option('--log <file>', 'append the events as lines of JSON')
    .addHelpText('after', HELP)
    .action(changeTenant)
}

async function changeTenant(id: string, flags: TenantFlags): Promise<void> {
  const { state, budget, cap, remove } = flags
  if (remove === true && (budget !== undefined || cap !== undefined))
    throw new CommandError('BAD_ARGUMENT', '--remove: goes without --budget and --cap')
  await checkOutputs([flags.log], [], filesOfLog(state))
  const log = new EventLog(flags.log)
  const { text, warning } = await teach(state, ({ router }) => {
    log.listen(router)
    if (remove === true) {
      router.removeTenant(id)
      return { text: `tenant ${visible(id)} is forgotten\n`, warning: null }
    }
    if (!router.tenants().includes(id)) router.addTenant({ id })
    if (budget !== undefined)
      router.setBudget(budget === 'none' ? null : { usdPerRequest: budget }, { tenant: id })
    if (cap !== undefined) router.setCaps(cap, { tenant: id })
    const warning = typeof budget === 'number' ? farBudgetLine(router, budget, id) : null
    return { text: renderAccount(id, router.tenantStats(id)), warning }
  })
  if (warning !== null) printError(warning)
  await log.tell(text)
}

/** `5/day`, once or several times. */
function capFlag(text: string, before: readonly CapFlag[] = []): readonly CapFlag[] {
  const [amount, period, ...rest] = text.split('/')
  const per = CAP_LENGTHS.find((length) => length === period)
  if (per === undefined || rest.length > 0)
    throw new InvalidArgumentError(`Expected dollars and one of ${CAP_LENGTHS.join(', ')}, such as 5/day.`)
  return [...before, { usd: amountFlag(amount), per }]
}
