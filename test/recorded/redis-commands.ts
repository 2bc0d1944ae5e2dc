import { createClient, RESP_TYPES } from 'redis'

/** A part of a command: text, or bytes that are no text. */
export type Part = string | { readonly base64: string }
export type Command = readonly Part[]

/** Empties a server and plays commands into it. */
export async function playCommands(url: string, commands: readonly Command[]): Promise<void> {
  await withClient(url, async (send) => {
    await send(['FLUSHALL'])
    for (const command of commands) {
      const parts = command.map((part) =>
        typeof part === 'string' ? part : Buffer.from(part.base64, 'base64'),
      )
      await send(parts)
    }
  })
}

/** All keys that begin so, as the commands that write them into an empty server; what expires, expires as late as there. */
export async function dumpCommands(url: string, prefix: string): Promise<Command[]> {
  return await withClient(url, async (send) => {
    const commands: Command[] = []
    const keys = ((await send(['KEYS', '*'])) as Buffer[]).map(String).filter((key) => key.startsWith(prefix))
    for (const key of keys.sort()) {
      const type = String(await send(['TYPE', key]))
      if (type === 'string') commands.push(['SET', key, part(await send(['GET', key]))])
      else if (type === 'hash') commands.push(['HSET', key, ...parts(await send(['HGETALL', key]))])
      else if (type === 'zset') {
        const [member, score] = parts(await send(['ZRANGE', key, '0', '-1', 'WITHSCORES']))
        if (member !== undefined) commands.push(['ZADD', key, score, member])
      } else if (type === 'stream') {
        for (const [id, fields] of (await send(['XRANGE', key, '-', '+'])) as [Buffer, Buffer[]][])
          commands.push(['XADD', key, String(id), ...parts(fields)])
      } else throw new Error(`${key} is a ${type}`)
      const left = Number(await send(['PTTL', key]))
      if (left > 0) commands.push(['PEXPIRE', key, String(left)])
    }
    return commands
  })
}

type Send = (parts: (string | Buffer)[]) => Promise<unknown>

async function withClient<T>(url: string, use: (send: Send) => Promise<T>): Promise<T> {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false } })
  client.on('error', () => undefined)
  await client.connect()
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  try {
    return await use((parts) => bytes.sendCommand(parts))
  } finally {
    client.destroy()
  }
}

function parts(reply: unknown): Part[] {
  return (reply as unknown[]).map(part)
}

/** Readable where it can be. */
function part(value: unknown): Part {
  const bytes = value as Buffer
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) && /^[\x20-\x7e]*$/.test(text)
    ? text
    : { base64: bytes.toString('base64') }
}
