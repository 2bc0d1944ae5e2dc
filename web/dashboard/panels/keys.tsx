import { useEffect, useState } from 'preact/hooks'
import { Name, visible } from '../../shared/name.js'
import { administer } from '../api.js'
import { useAction } from './admin.js'

interface ShownKey {
  readonly id: string
  readonly name: string
  readonly isStored: boolean
  readonly isRevoked: boolean
}

/** Keys of clients: made and revoked here. They stand in the store of keys, not in the log. */
export function Keys() {
  const [keys, setKeys] = useState<readonly ShownKey[]>([])
  const [name, setName] = useState('')
  const [made, setMade] = useState('')
  const { said, run } = useAction()
  const list = async () => {
    const { keys: all } = await administer('GET', 'keys')
    setKeys(Array.isArray(all) ? all.map(shownKey) : [])
  }
  useEffect(() => {
    list().catch(() => {})
  }, [])
  const create = async (event: Event) => {
    event.preventDefault()
    const answer = await run('The key was made. It is shown this once: copy it now.', () =>
      administer('POST', 'keys', { name }),
    )
    if (answer === null) return
    setMade(String(answer.key))
    setName('')
    await list().catch(() => {})
  }
  const revoke = async (id: string) => {
    setMade('')
    const answer = await run('The key was revoked: requests with it are refused.', () =>
      administer('DELETE', `keys/${encodeURIComponent(id)}`),
    )
    if (answer !== null) await list().catch(() => {})
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
      <ul class="keys">
        {keys.map((key) => (
          <li key={key.id}>
            <Name text={key.name} />
            {key.isRevoked ? (
              <small>revoked</small>
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
  const { id, name, revokedAt } = value as { id?: unknown; name?: unknown; revokedAt?: unknown }
  return {
    id: String(id),
    name: String(name),
    isStored: !String(id).startsWith('config:'),
    isRevoked: typeof revokedAt === 'string',
  }
}
