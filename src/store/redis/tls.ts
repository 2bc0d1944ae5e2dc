import { readFileSync } from 'node:fs'
import { messageOf, ParetoBanditError } from '../../base/errors.js'

/** Of an address `rediss://...?caFile=ca.pem`: what Node's TLS calls it, and whether it is a path. */
const PARAMETERS: Readonly<Record<string, { readonly option: string; readonly isFile: boolean }>> = {
  caFile: { option: 'ca', isFile: true },
  certFile: { option: 'cert', isFile: true },
  keyFile: { option: 'key', isFile: true },
  serverName: { option: 'servername', isFile: false },
}
const NAMES = Object.keys(PARAMETERS)

export function isTlsParameter(name: string): boolean {
  return NAMES.includes(name)
}

/**
 * What the address of a Redis says of TLS behind its `?`.
 * @throws INVALID_ARGUMENT; no message repeats a user or password
 */
export function checkTlsParameters(url: string): void {
  if (!/^rediss?:/.test(url)) return
  const { protocol, searchParams } = new URL(url)
  const given = [...searchParams.keys()]
  const wrong = (expected: string, got: string) =>
    new ParetoBanditError('INVALID_ARGUMENT', 'url', `expected ${expected}, got ${got}`)
  const unknown = given.find((name) => !NAMES.includes(name))
  if (unknown !== undefined) throw wrong(`no parameters of an address but ${NAMES.join(', ')}`, unknown)
  if (given.length > 0 && protocol !== 'rediss:') throw wrong(`rediss:// beside ${given[0]}`, 'redis://')
  const empty = given.find((name) => searchParams.get(name) === '' || searchParams.getAll(name).length > 1)
  if (empty !== undefined) throw wrong(`one value of ${empty}`, 'none or several')
  if (searchParams.has('certFile') !== searchParams.has('keyFile'))
    throw wrong('certFile and keyFile together', 'one of them')
}

/** What connections to an address need for TLS. Files are read for each of them, as certificates are renewed while a process runs. */
export class TlsParameters {
  /** Whether there are files that may be renewed. */
  readonly hasFiles: boolean
  private readonly given: readonly (readonly [name: string, value: string])[]
  /** What could be read last: a file that is being replaced ends no connection. */
  private latest: Readonly<Record<string, unknown>> | null = null

  constructor(url: string) {
    checkTlsParameters(url)
    this.given = /^rediss:/.test(url) ? [...new URL(url).searchParams] : []
    this.hasFiles = this.given.some(([name]) => PARAMETERS[name].isFile)
  }

  /** Options of Node's `tls.connect`. @throws STORE_UNREACHABLE for files that could never be read */
  options(): Readonly<Record<string, unknown>> {
    try {
      const read = this.given.map(([name, value]) => {
        const { option, isFile } = PARAMETERS[name]
        return [option, isFile ? contentOf(name, value) : value] as const
      })
      this.latest = Object.fromEntries(read)
    } catch (error) {
      if (this.latest === null) throw error
    }
    return this.latest ?? {}
  }
}

function contentOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const text = `expected a file that can be read, from the folder of the process, got ${messageOf(cause)}`
    throw new ParetoBanditError('STORE_UNREACHABLE', name, text, { cause })
  }
}

/** What an operator of a Redis with TLS can do about a connection that failed; empty: nothing that TLS is about. */
export function tlsAdvice(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (/SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)/.test(code))
    return ' (where its certificate is of an authority of your own: rediss://HOST:PORT?caFile=ca.pem)'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return ' (where it is reached by another name than its certificate has: rediss://HOST:PORT?serverName=NAME)'
  if (/ALERT_(?:CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA)/.test(code))
    return ' (where it asks for a certificate of this process: rediss://HOST:PORT?certFile=client.pem&keyFile=client.key)'
  return ''
}
