import { Hono } from 'hono'
import { isRecord } from '../../base/check.js'
import { expectedObject } from '../config/mistake.js'
import { JUDGE_TENANT } from '../config/router-options.js'
import { configKeyId, createKey, listKeys, revokeKey, type StoredKey } from '../keys/stored-key.js'
import { inRecords, jsonBody } from './answers.js'
import type { AdminDeps } from './deps.js'
import { refusedBody } from './request-error.js'

/** `GET /keys`, `POST /keys`, `DELETE /keys/:id`. */
export function keyRoutes({ live, router, records, shared, now, onChange }: AdminDeps): Hono {
  return new Hono()
    .get('/', async (context) => {
      const { keys, unreadable } = await inRecords(listKeys(records))
      const fixed = live.current.keys.map(({ sha256: _, ...key }) => ({ id: configKeyId(key.name), ...key }))
      return context.json({
        keys: [...fixed.map(shown), ...keys.map(shownStored)],
        unreadable: unreadable.length,
      })
    })
    .post('/', async (context) => {
      const groups = live.current.models.flatMap(({ groups }) => groups)
      const tenants = router.tenants().filter((id) => id !== JUDGE_TENANT)
      const known = { groups, tenants, inConfig: live.current.keys.map(({ name }) => name) }
      const wish = await jsonBody(context)
      if (!isRecord(wish)) throw refusedBody([{ path: [], message: expectedObject(wish) }])
      const { text, key } = await inRecords(createKey(records, wish, known, now()))
      await shared.refresh()
      onChange(`key ${key.id} (${key.name}): created`)
      return context.json({ ...shownStored(key), key: text }, 201)
    })
    .delete('/:id', async (context) => {
      const inConfig = live.current.keys.map(({ name }) => name)
      const key = await inRecords(revokeKey(records, context.req.param('id'), now(), inConfig))
      await shared.refresh()
      onChange(`key ${key.id} (${key.name}): revoked`)
      return context.json(shownStored(key))
    })
}

/** Without its hash: nobody needs it. */
export function shownStored({ sha256: _, createdAt, revokedAt, ...key }: StoredKey) {
  return { ...shown(key), createdAt: iso(createdAt), revokedAt: iso(revokedAt) }
}

function shown<K extends { readonly expiresAt: number | null }>({ expiresAt, ...key }: K) {
  return { ...key, expiresAt: iso(expiresAt) }
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
