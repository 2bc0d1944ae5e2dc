import { ParetoBanditError } from '../base/errors.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Policy } from '../policy/policy.js'
import { checkEvent } from '../state/check-event.js'
import { OwnOrigin } from '../state/pending/own-origin.js'
import { RoutingState } from '../state/routing-state.js'
import { decodeSnapshot } from '../state/snapshot/read-snapshot.js'
import { encodeSnapshot } from '../state/snapshot/write-snapshot.js'
import type { Admin } from './admin.js'
import type { Committer } from './committer.js'
import type { Decisions } from './decisions.js'
import type { Journal, Recovery } from './journal.js'
import type { OptionNotes } from './option-notes.js'
import type { ReplicaHost } from './replica-host.js'

/** The state as bytes, and the state of a log in the place of the router's own. */
export class Persistence {
  /** Null without a store. */
  optionNotes: OptionNotes | null = null
  private readonly options: ResolvedOptions
  private readonly policy: Policy
  private readonly committer: Committer
  private readonly decisions: Decisions
  private readonly admin: Admin

  constructor(
    options: ResolvedOptions,
    policy: Policy,
    committer: Committer,
    decisions: Decisions,
    admin: Admin,
  ) {
    this.options = options
    this.policy = policy
    this.committer = committer
    this.decisions = decisions
    this.admin = admin
  }

  snapshot(): Uint8Array {
    return encodeSnapshot(this.committer.state, this.encoder)
  }

  restore(snapshot: Uint8Array): void {
    if (this.committer.journal !== null) {
      const message =
        'this router has its state from its store; `paretobandit restore` makes a store of a snapshot'
      throw new ParetoBanditError('INVALID_ARGUMENT', 'snapshot', message)
    }
    const { dimension, name, origin } = this.options
    const fresh = this.fresh({ name, origin })
    decodeSnapshot(snapshot, fresh, { dimension, encoder: this.encoder, name })
    this.adopt(fresh)
  }

  async digest(): Promise<{ readonly position: string; readonly sha256: string }> {
    const position = this.committer.journal?.position ?? ''
    const bytes = encodeSnapshot(this.confirmedState, this.encoder)
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource))
    return { position, sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') }
  }

  async flush(): Promise<void> {
    this.decisions.recordWaiting()
    await this.committer.journal?.flush()
    await this.optionNotes?.idle()
  }

  async close(): Promise<void> {
    const { committer } = this
    const { journal } = committer
    try {
      this.decisions.recordWaiting()
    } finally {
      if (journal === null)
        committer.closed ??= new ParetoBanditError('STORE_CLOSED', '', 'the router has been closed')
      else await this.closeJournal(journal)
    }
  }

  private async closeJournal(journal: Journal): Promise<void> {
    try {
      await this.optionNotes?.idle()
      await journal.close()
    } finally {
      this.committer.closed = closedError(journal)
    }
  }

  /** What the log's fold has at its position. */
  get confirmedState(): RoutingState {
    return this.committer.journal?.confirmed ?? this.committer.state
  }

  /** Takes over a state, of a snapshot or a log; numbers that were given to requests are not given again. */
  adopt(state: RoutingState): void {
    state.ids.goOnFrom(this.committer.state.ids)
    this.committer.state = state
    this.decisions.maker.forget()
  }

  /** From now on events go to a journal. */
  attach(journal: Journal, recovery: Recovery): void {
    this.committer.journal = journal
    this.committer.recovery = recovery
  }

  /** What a replica does with its router. @param origin of its own, for this start */
  replicaHost(origin: string): ReplicaHost {
    const { committer, admin } = this
    return {
      get state() {
        return committer.state
      },
      fresh: () => this.fresh({ name: origin, origin: new OwnOrigin(origin) }),
      adopt: (state) => this.adopt(state),
      commit: (event) => committer.commit(event),
      follow: (event) => committer.follow(event),
      check: (event) => checkEvent(committer.state, this.policy, this.options, event),
      ask: (query, ...args) => admin.ask(query, ...args),
      now: () => committer.now(),
      encoder: this.encoder,
      dimension: this.options.dimension,
    }
  }

  /** An empty state, on the same arena. */
  private fresh(names: Pick<ResolvedOptions, 'name' | 'origin'>): RoutingState {
    return new RoutingState(this.committer.state.arms.kernel, { ...this.options, ...names }, this.policy)
  }

  private get encoder(): string | null {
    return this.options.encoder?.name ?? null
  }
}

/** What a journal throws that takes no more; null while another caller of `close` still waits for it. */
function closedError(journal: Journal): ParetoBanditError | null {
  try {
    journal.checkRoom()
  } catch (error) {
    if (error instanceof ParetoBanditError && error.code === 'STORE_CLOSED') return error
  }
  return null
}
