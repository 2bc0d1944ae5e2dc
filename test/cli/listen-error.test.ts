import { expect, it } from 'vitest'
import { listenError } from '../../src/cli/listen-error.js'

const errno = (code: string, syscall: string) =>
  Object.assign(new Error(`${syscall} ${code}: why`), { code, syscall })

it.each(['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'])(
  'says %s of a port in words, and where it stands',
  (code) => {
    const told = listenError(errno(code, 'listen'), '--port', ': take another')
    expect(told).toMatchObject({ code: 'BAD_ARGUMENT', message: `--port: listen ${code}: why: take another` })
  },
)

it('leaves other errors as they are', () => {
  for (const error of [errno('EACCES', 'open'), new Error('listen'), 'text'])
    expect(listenError(error, '--port')).toBe(error)
})
