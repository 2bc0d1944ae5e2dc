import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { isRecord } from '../base/check.js'
import { messageOf } from '../base/errors.js'
import { visible } from '../base/visible.js'
import type { RecordStore } from '../gateway/keys/records.js'
import type { Known, StoredKey } from '../gateway/keys/stored-key.js'
import { CommandError } from './command-error.js'
import { readTextFile } from './files.js'
import { plural } from './format.js'
import { DEFAULT_CONFIGS, defaultConfig } from './gateway-config.js'
import { print, printError } from './print.js'
import { renderTable } from './table.js'

interface ConfigFlag {
  readonly config?: string
}

interface CreateFlags extends ConfigFlag {
  readonly tenant?: string
  readonly group?: readonly string[]
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
  readonly expires?: string
  readonly teaching: boolean
}

const HELP = `
Keys stand hashed beside the state of the gateway, whose config says where that is: these commands need no running gateway, and
one that runs knows of them within a second (keyStore.refreshMs). A key is shown once, when it is made.

Examples:
  $ paretobandit keys create support-bot --tenant support --group everyday --requests-per-minute 600
  $ paretobandit keys list
  $ paretobandit keys revoke support-bot
  $ paretobandit keys copy on-sqlite.yaml --config on-redis.yaml`

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('create, list and revoke the client keys of a gateway')
    .addHelpText('after', HELP)
  const withConfig = (command: Command) =>
    command.option('--config <file>', `the config of the gateway (default: ${DEFAULT_CONFIGS.join(', ')})`)
  withConfig(keys.command('create'))
    .description('make a key and print it, once')
    .argument('<name>', 'what logs and metrics call it')
    .option('--tenant <id>', 'who pays for its requests')
    .option(
      '--group <name>',
      'models of this group alone (repeatable)',
      (name: string, before: readonly string[] = []) => [...before, name],
    )
    .option('--requests-per-minute <n>', 'the most requests in any 60 seconds', countFlag)
    .option('--tokens-per-minute <n>', 'in and out', countFlag)
    .option('--expires <time>', 'such as 2027-01-31, or 2027-01-31T12:00:00Z')
    .option('--no-teaching', 'no rewards of its requests are learned: for clients who are strangers')
    .action(create)
  withConfig(keys.command('list'))
    .description('all keys that were made at run time, revoked ones too')
    .option('--json', 'as JSON')
    .action(list)
  withConfig(keys.command('revoke'))
    .description('refuse a key from now on')
    .argument('<id>', 'its id, or its name')
    .action(revoke)
  withConfig(keys.command('copy'))
    .description(
      'copy the keys, revoked ones too, and the models that were added at run time, from the store of another config',
    )
    .argument('<from>', 'a config of the gateway whose store has them')
    .action(copy)
}

async function create(name: string, flags: CreateFlags): Promise<void> {
  const { createKey } = await import('../gateway/keys/stored-key.js')
  const { tenant, group, requestsPerMinute, tokensPerMinute, expires, teaching } = flags
  const wish = {
    name,
    tenant: tenant ?? null,
    groups: group ?? null,
    requestsPerMinute: requestsPerMinute ?? null,
    tokensPerMinute: tokensPerMinute ?? null,
    expiresAt: expires ?? null,
    teaches: teaching,
  }
  await withRecords(flags.config, async (records, known, state) => {
    const { text, key } = await createKey(records, wish, known, Date.now())
    print(`${text}\n`)
    printError(`${key.id} (${visible(key.name)}): this key is not shown again\n`)
    if (state !== null && !existsSync(state))
      printError(
        `there is no ${visible(resolve(state))} yet: a gateway that is started in another folder has its state and its keys there, and does not know this one\n`,
      )
  })
}

async function list(flags: ConfigFlag & { readonly json?: boolean }): Promise<void> {
  const { listKeys } = await import('../gateway/keys/stored-key.js')
  const { shownStored } = await import('../gateway/admin/key-routes.js')
  await withRecords(flags.config, async (records) => {
    const { keys, unreadable } = await listKeys(records)
    if (flags.json === true) print(`${JSON.stringify(keys.map(shownStored), null, 2)}\n`)
    else if (keys.length === 0) print('no keys were made at run time\n')
    else print(renderKeys(keys))
    if (unreadable.length > 0)
      printError(
        `${unreadable.length} records cannot be read: a gateway refuses them: ${unreadable.join(', ')}\n`,
      )
  })
}

async function revoke(id: string, flags: ConfigFlag): Promise<void> {
  const { revokeKey } = await import('../gateway/keys/stored-key.js')
  await withRecords(flags.config, async (records, { inConfig }) => {
    const key = await revokeKey(records, id, Date.now(), inConfig)
    print(`${key.id} (${visible(key.name)}) is revoked\n`)
  })
}

/** What is there stays as it is: a key that is revoked there does not come back. */
async function copy(from: string, flags: ConfigFlag): Promise<void> {
  const found = await recordsOf(from)
  await withRecords(flags.config, async (records) => {
    const there = await records.read()
    const lacking = Array.from(found).filter(([id]) => !there.has(id))
    for (const [id, value] of lacking) if (isRecord(value)) await records.put(id, value)
    const copied = lacking.filter(([, value]) => isRecord(value)).length
    const rest = found.size - lacking.length
    print(`${plural(copied, 'record')} of ${from} copied, ${rest} ${rest === 1 ? 'was' : 'were'} there\n`)
    if (copied < lacking.length) printError(`${lacking.length - copied} cannot be read, and were left out\n`)
  })
}

async function recordsOf(config: string): Promise<ReadonlyMap<string, unknown>> {
  let found: ReadonlyMap<string, unknown> = new Map()
  await withRecords(config, async (records) => {
    found = await records.read()
  })
  return found
}

/** @param act is given the file of the state too, null: it is in none @throws what `act` throws; a KeyError as a CommandError */
async function withRecords(
  given: string | undefined,
  act: (records: RecordStore, known: Known, state: string | null) => Promise<void>,
): Promise<void> {
  const file = given ?? defaultConfig() ?? DEFAULT_CONFIGS[0]
  const text = await readTextFile(file)
  const { readConfigText } = await import('../gateway/config/read-config.js')
  const { readStoreConfig } = await import('../gateway/config/read-store.js')
  const { openBesideLog } = await import('../gateway/node/beside-log.js')
  const { KeyError } = await import('../gateway/keys/stored-key.js')
  const store = await readStoreConfig(text, file, process.env)
  if (store.kind === 'memory') {
    const message = `${file}: a store in memory is its process's own: use the admin API, or keys in the config`
    throw new CommandError('BAD_ARGUMENT', message)
  }
  const { models, tenants, keys } = await readConfigText(text, { name: file, env: null })
  const known = {
    file,
    groups: models.flatMap(({ groups }) => groups),
    tenants: tenants.map(({ id }) => id),
    inConfig: keys.map(({ name }) => name),
  }
  const { records } = await openBesideLog(store).catch((cause: unknown) => {
    throw new CommandError('FILE_UNREADABLE', `${file}: its store cannot be reached: ${messageOf(cause)}`, {
      cause,
    })
  })
  try {
    await act(records, known, store.kind === 'sqlite' ? store.file : null)
  } catch (error) {
    if (error instanceof KeyError) throw new CommandError('BAD_ARGUMENT', error.message)
    if (error instanceof Error && 'code' in error)
      throw new CommandError('FILE_UNWRITABLE', `${file}: its keys cannot be changed: ${error.message}`, {
        cause: error,
      })
    throw error
  } finally {
    await records.close()
  }
}

function renderKeys(keys: readonly StoredKey[]): string {
  const date = (at: number | null) =>
    at === null ? '' : new Date(at).toISOString().slice(0, 16).replace('T', ' ')
  const titles = [
    'id',
    'name',
    'tenant',
    'groups',
    'requests/min',
    'tokens/min',
    'teaches',
    'created',
    'expires',
    'revoked',
  ]
  return renderTable(
    titles.map((title) => ({ title, align: title.endsWith('/min') ? 'right' : 'left' })),
    keys.map((key) => [
      key.id,
      key.name,
      key.tenant ?? '',
      key.groups?.join(' ') ?? 'all',
      String(key.requestsPerMinute ?? ''),
      String(key.tokensPerMinute ?? ''),
      key.teaches ? 'yes' : 'no',
      date(key.createdAt),
      date(key.expiresAt),
      date(key.revokedAt),
    ]),
  )
}

function countFlag(text: string): number {
  if (!/^[1-9]\d{0,11}$/.test(text)) throw new InvalidArgumentError('Expected a whole number above 0.')
  return Number(text)
}
