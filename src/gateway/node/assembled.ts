import { createHash } from 'node:crypto'
import { afterQuietly } from '../../base/after.js'
import { messageOf } from '../../base/errors.js'
import type { Router } from '../../index.js'
import type { GatewayConfig } from '../config/config.js'
import type { DashboardFiles } from '../dashboard/files.js'
import { createGateway, type Gateway } from '../gateway.js'
import { differenceLines } from '../logs/difference-lines.js'
import { newLedgerLine } from '../logs/new-ledger.js'
import { OthersChangeLog } from '../logs/others-changes.js'
import { priorsLine } from '../logs/priors-line.js'
import type { WriteLine } from '../logs/request-log.js'
import { scrubberOf } from '../logs/scrub.js'
import { storeFailureLog } from '../logs/store-failures.js'
import type { Notes } from '../notes/notes.js'
import { notesMax } from '../notes/notes-max.js'
import type { MakeSurfaces } from '../surfaces.js'
import { type BesideLog, lockLeft, openBesideLog } from './beside-log.js'
import type { ConfigFiles } from './config-file.js'
import { openRouter } from './open-router.js'

/** What a gateway is put together from. */
export interface Parts {
  readonly files: ConfigFiles
  readonly surfaces: MakeSurfaces
  readonly write: WriteLine
  readonly readAgain: () => Promise<GatewayConfig>
  readonly dashboard?: DashboardFiles | undefined
  readonly basePath?: string | undefined
}

/**
 * A gateway on the store of its config, with what stands beside the log: keys, and what is remembered of decisions. It closes all of them.
 * @throws (the promise is rejected with) what keeps it from its store, and what `createGateway` throws; all that was opened is closed then
 */
export async function assembled({ files, write, ...others }: Parts): Promise<Gateway> {
  const { config, priors } = files
  let gateway: Gateway | null = null
  const scrubFirst = scrubberOf(config)
  const scrub = (text: string) => (gateway === null ? scrubFirst(text) : gateway.live.scrub(text))
  const store = storeFailureLog(write, () => performance.now())
  const warnings: string[] = []
  // It is there from now on.
  const left = await lockLeft(config.store)
  let opened: Router<string> | null = null
  const changes = new OthersChangeLog(
    write,
    () => opened,
    () => performance.now(),
    afterQuietly,
  )
  const hears = {
    onStoreError: (error: unknown) => store.failed(error, scrub(messageOf(error))),
    onStoreBack: store.works,
    onWarning: (line: string) => void warnings.push(line),
    onOthersChange: changes.hear,
  }
  const router = await openRouter(config, hears, priors)
  opened = router
  let beside: BesideLog | null = null
  let notes: Notes | null = null
  try {
    const { recovery } = router
    if (recovery !== null) {
      const { isNew, folded, repairs, differences } = recovery
      write(
        repairs.length > 0 ? 'warn' : 'info',
        { isNew, folded, repairs, differences: differences.length },
        'the log has been read',
      )
      differenceLines(write, scrub, differences, warnings)
    }
    if (priors !== null) priorsLine(write, config, priors)
    beside = await openBesideLog(config.store, true)
    newLedgerLine(write, router, [...left, ...(await beside.leftByLog())])
    notes = await beside.openNotes(
      notesMax(() => gateway?.live.current ?? config),
      ({ message }) => write('warn', {}, scrub(message)),
      (goneMs) => write('warn', { goneMs: Math.round(goneMs) }, 'notes are kept again'),
    )
    const made = await createGateway({
      ...others,
      config,
      router,
      write,
      records: beside.records,
      use: beside.use,
      notes,
      digest: (text) => createHash('sha256').update(text).digest('hex'),
    })
    gateway = made
    return { ...made, close: () => made.close().finally(() => changes.close()) }
  } catch (error) {
    changes.close()
    // What failed is told, whatever else fails as it is closed.
    await Promise.allSettled([notes?.close()])
    await Promise.allSettled([beside?.records.close(), router.close()])
    throw error
  }
}
