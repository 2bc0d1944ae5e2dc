import { useEffect, useRef, useState } from 'preact/hooks'
import { counted } from '../../shared/format.js'
import { Name, visible } from '../../shared/name.js'
import { administer } from '../api.js'
import { useAction } from './admin.js'

interface ShownKey {
  readonly id: string
  readonly name: string
  readonly isStored: boolean
  readonly isRevoked: boolean
  readonly isExpired: boolean
}

/** Keys of clients: made and revoked here. They stand in the store of keys, not in the log. */
export function Keys() {
  const [keys, setKeys] = useState<readonly ShownKey[]>([])
  /** Why the list is not what there is. */
  const [unknown, setUnknown] = useState('')
  const isBusy = useRef(false)
  const [name, setName] = useState('')
  const [made, setMade] = useState('')
  const { said, run } = useAction()
  const list = async () => {
    try {
      const { keys: all, unreadable } = await administer('GET', 'keys')
      setKeys(Array.isArray(all) ? all.map(shownKey) : [])
      const left = typeof unreadable === 'number' ? unreadable : 0
      setUnknown(
        left === 0 ? '' : `${counted(left, 'record')} of a key cannot be read: such keys are refused.`,
      )
    } catch (error) {
      setUnknown(`The keys cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  useEffect(() => void list(), [])
  /** A second press while the first is under way is the same wish. */
  const act = async (what: string, ask: () => Promise<Record<string, unknown>>) => {
    if (isBusy.current) return null
    isBusy.current = true
    const answer = await run(what, ask)
    isBusy.current = false
    // Others may have made or revoked some meanwhile.
    void list()
    return answer
  }
  const create = async (event: Event) => {
    event.preventDefault()
    const answer = await act('The key was made. It is shown this once: copy it now.', () =>
      administer('POST', 'keys', { name }),
    )
    if (answer === null) return
    setMade(String(answer.key))
    setName('')
  }
  const revoke = async (id: string) => {
    setMade('')
    await act('The key was revoked: requests with it are refused.', () =>
      administer('DELETE', `keys/${encodeURIComponent(id)}`),
    )
  }
  return (
    <form onSubmit={create} id="keys-form">
      <h3>Client keys</h3>
      <label>
        Name
        <input
          type="text"
          required
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Make a key</button>
      {made !== '' && (
        <p>
          <code class="key">{made}</code>
        </p>
      )}
      {said}
      {unknown !== '' && <p role="alert">{unknown}</p>}
      <ul class="keys">
        {keys.map((key) => (
          <li key={key.id}>
            <Name text={key.name} />
            {key.isRevoked ? (
              <small>revoked</small>
            ) : key.isExpired ? (
              <small>expired</small>
            ) : key.isStored ? (
              <button
                type="button"
                aria-label={`Revoke ${visible(key.name)}`}
                onClick={() => void revoke(key.id)}
              >
                Revoke
              </button>
            ) : (
              <small>in the config</small>
            )}
          </li>
        ))}
      </ul>
    </form>
  )
}

function shownKey(value: unknown): ShownKey {
  const { id, name, revokedAt, expiresAt } = value as Readonly<Record<string, unknown>>
  return {
    id: String(id),
    name: String(name),
    isStored: !String(id).startsWith('config:'),
    isRevoked: typeof revokedAt === 'string',
    isExpired: typeof expiresAt === 'string' && Date.parse(expiresAt) <= Date.now(),
  }
}
