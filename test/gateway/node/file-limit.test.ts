import { expect, it } from 'vitest'
import { fileLimitLine } from '../../../src/gateway/node/file-limit.js'

const limits = (files: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             63432                63432                processes
Max open files            ${files.padEnd(20)} ${files.padEnd(20)} files
`

async function linesOf(read: () => Promise<string>, streamsMax = 4096) {
  const lines: unknown[] = []
  await fileLimitLine((level, fields) => void lines.push([level, fields]), streamsMax, read)
  return lines
}

it('a limit of files and sockets that is too low for the requests of the config has a warning', async () => {
  const of = (files: string) => async () => limits(files)
  expect(await linesOf(of('1024'))).toEqual([['warn', { files: 1024, streamsMax: 4096, needed: 8256 }]])
  expect(await linesOf(of('8255'))).toHaveLength(1)
  expect(await linesOf(of('1024'), 480)).toEqual([])
  for (const files of ['8256', 'unlimited']) expect(await linesOf(of(files))).toEqual([])
})

it('and nothing is said where nobody knows it', async () => {
  for (const read of [() => Promise.reject(new Error('ENOENT')), async () => 'Max open files'])
    expect(await linesOf(read)).toEqual([])
})
