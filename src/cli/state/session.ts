import { existsSync } from 'node:fs'
import { messageOf, ParetoBanditError } from '../../base/errors.js'
import { createRouter } from '../../create-router.js'
import type { RouterOptions } from '../../policy/options.js'
import type { Router } from '../../router/router.js'
import { CommandError } from '../command-error.js'
import { printError } from '../print.js'
import { shellWord } from '../shell-word.js'
import { HeldStore, LogIsThere } from './held-store.js'
import { isRedis, kindOf } from './log-file.js'
import { keptSettings, optionsOf } from './log-options.js'
import { migrate } from './migration.js'
import { SETTINGS_NOTE, type Settings } from './settings.js'

/** Each command reads what came after the latest snapshot: some milliseconds. */
const SNAPSHOT_EVENTS = 1000

/** A router of the command line with the options that its log keeps. */
export interface Session {
  readonly router: Router
  readonly settings: Settings
  /** What they were before this command; null for a router that begins. */
  readonly kept: Settings | null
}

/** How a command makes its router. */
export interface Opening {
  /** From nothing. @throws where the command cannot do that */
  begin(): { readonly options: RouterOptions; readonly settings: Settings }
  /** From a log. @returns its settings from now on, and options besides */
  resume(kept: Settings): { readonly options: RouterOptions; readonly settings: Settings }
}

/**
 * One command on a log: what `work` did is durable when this resolves, and nothing of it has happened if it rejects.
 * @param work may run twice on a router that begins: the first time on one that leaves nothing behind
 */
export async function changeState<T>(
  path: string,
  opening: Opening,
  work: (session: Session) => T,
): Promise<T> {
  mustBeFile(path)
  await migrate(path)
  const isThere = kindOf(path) === 'log'
  if (!isThere) {
    // So that a command that fails leaves no file behind.
    const { options, settings } = opening.begin()
    work({ router: await createRouter(options), settings, kept: null })
  }
  const store = new HeldStore(path, isThere)
  try {
    const session = await openSession(store, isThere, opening)
    for (const repair of session.router.recovery?.repairs ?? []) tell(`${path}: ${repair}`)
    const result = work(session)
    await commit(store, session)
    return result
  } catch (error) {
    throw error instanceof ParetoBanditError && error.code === 'STORE_LOCKED' ? heldByAnother(error) : error
  } finally {
    await store.close()
  }
}

/** What runs on the log has commands of its own. */
const WHILE_IT_RUNS =
  'a gateway that runs on it does this by its admin API (POST /admin/adjustments, /admin/corrections and so on), another service by its router'

/** @throws where it is an address, which is not repeated: it may have a password */
function mustBeFile(path: string): void {
  if (isRedis(path))
    throw new CommandError(
      'BAD_ARGUMENT',
      `--state: expected a file, got an address of Redis: commands that change a log work on files; ${WHILE_IT_RUNS}`,
    )
}

function heldByAnother(error: ParetoBanditError): ParetoBanditError {
  const message = `${error.message.slice(error.field.length + 2)}; ${WHILE_IT_RUNS}`
  return new ParetoBanditError(error.code, error.field, message, { cause: error })
}

/** `changeState` for commands that need a log to be there. */
export async function teach<T>(path: string, work: (session: Session) => T): Promise<T> {
  const opening: Opening = {
    begin: () => {
      throw missing(path)
    },
    resume: (settings) => ({ options: {}, settings }),
  }
  mustBeFile(path)
  if (!existsSync(path)) throw missing(path)
  return changeState(path, opening, work)
}

export function missing(path: string): CommandError {
  const what = existsSync(path) ? 'there is no byte in it, what it had is gone' : 'no such file'
  return new CommandError(
    'FILE_UNREADABLE',
    `${path}: ${what}; 'paretobandit route --state ${shellWord(path)}' makes it`,
  )
}

async function openSession(store: HeldStore, isThere: boolean, opening: Opening): Promise<Session> {
  const journal = {
    snapshotEvents: SNAPSHOT_EVENTS,
    // A command is one of many.
    snapshotOnClose: false,
    // Of a snapshot: the log has it all, and a later command writes one.
    onStoreError: (error: unknown) => {
      if (!store.isAppendError(error)) tell(messageOf(error))
    },
  }
  if (!isThere) {
    const { options, settings } = opening.begin()
    try {
      return { router: await createRouter({ ...options, store, journal }), settings, kept: null }
    } catch (error) {
      // Another command began it meanwhile: this one goes on with what that one made.
      if (!(error instanceof LogIsThere)) throw error
    }
  }
  const header = await store.openExisting()
  const kept = keptSettings(header, await store.readNote(SETTINGS_NOTE), store.description)
  const { options, settings } = opening.resume(kept)
  const own = optionsOf(header, store.description, settings)
  return { router: await createRouter({ ...own, ...options, store, journal }), settings, kept }
}

/** Everything is durable when it resolves. */
async function commit(store: HeldStore, { router, settings, kept }: Session): Promise<void> {
  const note = JSON.stringify(settings)
  if (note !== JSON.stringify(kept)) await store.writeNote(SETTINGS_NOTE, note)
  store.letGo()
  await Promise.race([router.flush(), store.failed])
  await router.close()
}

function tell(line: string): void {
  printError(`paretobandit: ${line}\n`)
}
