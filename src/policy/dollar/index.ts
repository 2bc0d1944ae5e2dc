import type { Policy } from '../policy.js'
import { findTenant } from './accounts/find-tenant.js'
import { checkDollarEvent } from './check-event.js'
import { DOLLAR_COMMANDS, DOLLAR_QUERIES } from './commands.js'
import { DollarChooser } from './decide.js'
import { DOLLAR_EVENTS } from './events.js'
import { warmStart } from './exploration/warm-start.js'
import { DOLLAR_COLUMNS } from './pending-columns.js'
import type { DollarOptions } from './settings.js'
import { DollarState } from './state.js'

/** Dollar pacing: docs/PACING.md. */
export const DOLLAR: Policy<DollarState, DollarOptions> = {
  name: 'dollar',
  pendingColumns: DOLLAR_COLUMNS,
  events: DOLLAR_EVENTS,
  commands: DOLLAR_COMMANDS,
  queries: DOLLAR_QUERIES,
  start: (view, options) => new DollarState(view, options, options.policyOptions.burst),
  chooser: (options) => new DollarChooser(options),
  armStart: warmStart,
  optionItems: async () => (await import('./option-items.js')).dollarOptionItems,
  checkEvent: checkDollarEvent,
  checkTenant: ({ policy }, tenant, field) => {
    findTenant(policy.accounts, tenant, field)
  },
}
