import type { RoutingState } from '../state/routing-state.js'
import { beginSnapshot } from '../state/snapshot/write-snapshot.js'
import type { JournalOptions } from './resolve-journal.js'
import type { Position, Store } from './store.js'
import { inSlices } from './time-slice.js'
import { within } from './timeout.js'

/**
 * Writes the snapshot of a process that ends, so that the next start has nothing to fold. The promise is never rejected: what fails is
 * reported, and the log has it all.
 * @param now the state to be written, and its position in the log; called once
 * @param encoder name of the encoder of texts, or null
 */
export async function writeClosingSnapshot(
  store: Store,
  now: () => { readonly confirmed: RoutingState; readonly position: Position },
  encoder: string | null,
  { closeMs, onStoreError }: Pick<JournalOptions, 'closeMs' | 'onStoreError'>,
): Promise<void> {
  try {
    const { confirmed, position } = now()
    const bytes = await inSlices(beginSnapshot(confirmed, encoder))
    await within(store.writeSnapshot({ position, bytes, isGiven: true }), closeMs, store, 'a snapshot was')
  } catch (error) {
    onStoreError(error)
  }
}
