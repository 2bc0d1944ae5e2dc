import { checkBoolean, checkInRange, checkInteger, checkKeys, checkRecord } from '../base/check.js'
import { expected, messageOf, ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { guarded } from '../base/rejection.js'
import type { JournalSettings } from './journal-settings.js'
import { Outage } from './outage.js'
import type { Store } from './store.js'

/** With every default in place. */
export type JournalOptions = {
  readonly [K in keyof JournalSettings]-?: NonNullable<JournalSettings[K]>
} & {
  readonly closedError: (store: Store) => ParetoBanditError
  /** Tells `onStoreBack`. */
  readonly outage: Outage
}

const KEYS = [
  'snapshotEvents',
  'capacity',
  'onStoreError',
  'onStoreBack',
  'onOthersChange',
  'onWarning',
  'localShare',
  'holdMs',
  'closeMs',
  'snapshotOnClose',
] as const

const STORE_METHODS = ['open', 'append', 'read', 'snapshots', 'writeSnapshot', 'close'] as const

/** @throws INVALID_ARGUMENT */
export function checkStore(value: unknown): Store {
  const store = checkRecord(value, 'store')
  for (const name of STORE_METHODS) {
    const method = reading(`store.${name}`, () => store[name])
    if (typeof method !== 'function')
      throw expected(
        'INVALID_ARGUMENT',
        `store.${name}`,
        'a method: memoryStore(), sqliteStore(file) or redisStore(options) makes a store',
        method,
      )
  }
  return value as Store
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function resolveJournal(value: unknown): JournalOptions {
  const settings = value === undefined ? {} : checkRecord(value, 'journal')
  checkKeys(settings, KEYS, 'journal')
  const { onStoreError, onWarning } = settings
  if (onStoreError !== undefined && typeof onStoreError !== 'function')
    throw expected('INVALID_ARGUMENT', 'journal.onStoreError', 'a function', onStoreError)
  if (settings.onStoreBack !== undefined && typeof settings.onStoreBack !== 'function')
    throw expected('INVALID_ARGUMENT', 'journal.onStoreBack', 'a function', settings.onStoreBack)
  const { onOthersChange = () => {} } = settings
  if (typeof onOthersChange !== 'function')
    throw expected('INVALID_ARGUMENT', 'journal.onOthersChange', 'a function', onOthersChange)
  if (onWarning !== undefined && typeof onWarning !== 'function')
    throw expected('INVALID_ARGUMENT', 'journal.onWarning', 'a function', onWarning)
  const onStoreBack = guarded(
    (settings.onStoreBack as JournalSettings['onStoreBack']) ?? (() => {}),
    (error) => console.error(error),
  )
  return {
    snapshotEvents: integer(settings.snapshotEvents, 50_000, 1, 1e9, 'journal.snapshotEvents'),
    capacity: integer(settings.capacity, 65_536, 1, 65_536, 'journal.capacity'),
    onStoreError: guarded((onStoreError as JournalSettings['onStoreError']) ?? reportOnce(), (error) =>
      console.error(error),
    ),
    onWarning: guarded(
      (onWarning as JournalSettings['onWarning']) ?? ((line) => console.warn(line)),
      (error) => console.error(error),
    ),
    localShare:
      settings.localShare === undefined ? 0 : checkInRange(settings.localShare, 0, 1, 'journal.localShare'),
    holdMs: integer(settings.holdMs, 10_000, 0, 3_600_000, 'journal.holdMs'),
    closeMs: integer(settings.closeMs, 10_000, 0, 3_600_000, 'journal.closeMs'),
    snapshotOnClose:
      settings.snapshotOnClose === undefined
        ? true
        : checkBoolean(settings.snapshotOnClose, 'journal.snapshotOnClose'),
    onStoreBack,
    onOthersChange: guarded(onOthersChange as JournalOptions['onOthersChange'], (error) =>
      console.error(error),
    ),
    outage: new Outage(onStoreBack),
    closedError: ({ description }) =>
      new ParetoBanditError('STORE_CLOSED', description, 'the router has been closed'),
  }
}

function integer(value: unknown, otherwise: number, low: number, high: number, field: string): number {
  return value === undefined ? otherwise : checkInteger(value, low, high, field)
}

/** One line when a kind of failure begins, not one a retry. */
function reportOnce(): (error: unknown) => void {
  let latest = ''
  return (error) => {
    const text = messageOf(error)
    if (text !== latest) console.error(text)
    latest = text
  }
}
