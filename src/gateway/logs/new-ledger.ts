import type { Router } from '../../index.js'
import { hasLimit } from '../config/limits-in-force.js'
import type { WriteLine } from './request-log.js'

/**
 * A line where a log was begun at this start: what was spent before, and what was learned, counts no more. Nobody means that by a file that
 * was moved, or a folder that was not mounted.
 * @param left what an earlier log has left beside it
 */
export function newLedgerLine(write: WriteLine, router: Router<string>, left: readonly string[]): void {
  const { recovery } = router
  // One without any event was begun by somebody who came no further: a `restore` that had no room, say.
  const isEmpty = recovery !== null && !recovery.fromSnapshot && recovery.folded === 0
  if (recovery?.isNew !== true && !isEmpty) return
  if (left.length > 0) write('error', { left }, GONE)
  else write(hasLimit(router) ? 'warn' : 'info', {}, BEGUN)
}

const BEGUN =
  'a NEW ledger was begun: nothing is spent and nothing is learned yet; if there was one before, end this process and put that back'
const GONE =
  'a NEW ledger was begun, and one is gone that was here before: caps and budgets begin at 0; end this process and put its file back, or remove what it left'
