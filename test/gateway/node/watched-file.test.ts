import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { watchFile } from '../../../src/gateway/node/watched-file.js'
import { tempFile } from '../keys/record-stores.js'

/** A file that is watched, by looks that the test asks for. Who is told reads it, or cannot. */
async function watched(file: string, text = 'one') {
  await writeFile(file, text)
  let changes = 0
  let tick = (): unknown => undefined
  let known = await readFile(file)
  const reader = {
    async read() {
      known = await readFile(file)
    },
  }
  const end = watchFile(
    file,
    () => known,
    () => {
      changes++
      return reader.read()
    },
    (ms, call) => {
      expect(ms).toBeLessThanOrEqual(2000)
      tick = call
      return () => {
        tick = () => undefined
      }
    },
  )
  const changesAfter = async (looks: number) => {
    for (let i = 0; i < looks; i++) {
      await tick()
    }
    return changes
  }
  return { changesAfter, end, reader }
}

describe('a watched file', () => {
  it('is told when it has another content for two looks, once', async () => {
    const file = tempFile()
    const { changesAfter, end } = await watched(file)
    expect(await changesAfter(3)).toBe(0)
    await writeFile(file, 'two')
    expect(await changesAfter(1)).toBe(0)
    expect(await changesAfter(1)).toBe(1)
    expect(await changesAfter(3)).toBe(1)
    await writeFile(file, 'one')
    expect(await changesAfter(2)).toBe(2)
    end()
    await writeFile(file, 'three')
    expect(await changesAfter(3)).toBe(2)
  })

  it('is not told while it is written, nor for what is as it was in the end', async () => {
    const file = tempFile()
    const { changesAfter } = await watched(file)
    for (const text of ['t', 'tw', 'two']) {
      await writeFile(file, text)
      expect(await changesAfter(1)).toBe(0)
    }
    await writeFile(file, 'one')
    expect(await changesAfter(3)).toBe(0)
  })

  it('says nothing while it is gone or cannot be read, and is told when it is back with another content', async () => {
    const file = tempFile()
    const { changesAfter } = await watched(file)
    await rm(file)
    expect(await changesAfter(3)).toBe(0)
    await mkdir(file)
    expect(await changesAfter(3)).toBe(0)
    await rm(file, { recursive: true })
    await writeFile(file, 'one')
    expect(await changesAfter(3)).toBe(0)
    await writeFile(file, 'two')
    expect(await changesAfter(3)).toBe(1)
  })

  it('is told as it was where somebody has read it in between', async () => {
    const file = tempFile()
    const { changesAfter, reader } = await watched(file)
    await writeFile(file, 'two')
    // As at SIGHUP.
    await reader.read()
    expect(await changesAfter(3)).toBe(0)
    await writeFile(file, 'three')
    await reader.read()
    await writeFile(file, 'two')
    expect(await changesAfter(2)).toBe(1)
    expect(await changesAfter(3)).toBe(1)
  })

  it('is told again where it could not be read by who was told, and not while that goes on', async () => {
    const file = tempFile()
    const { changesAfter, reader } = await watched(file)
    const { read } = reader
    let go = () => {}
    reader.read = async () => {
      await new Promise<void>((resolve) => {
        go = resolve
      })
      throw new Error('it was gone for a moment')
    }
    await writeFile(file, 'two')
    expect(await changesAfter(1)).toBe(0)
    const looking = changesAfter(1)
    await expect.poll(() => changesAfter(0)).toBe(1)
    expect(await changesAfter(3)).toBe(1)
    go()
    reader.read = read
    await looking
    expect(await changesAfter(1)).toBe(2)
    expect(await changesAfter(3)).toBe(2)
  })

  it('is followed where a link leads elsewhere, as a folder of Kubernetes is swapped', async () => {
    const folder = dirname(tempFile())
    for (const name of ['a', 'b']) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'gateway.yaml'), name)
    }
    await symlink('a', join(folder, '..data'))
    await symlink('..data/gateway.yaml', join(folder, 'gateway.yaml'))
    const { changesAfter } = await watched(join(folder, 'gateway.yaml'), 'a')
    expect(await changesAfter(2)).toBe(0)
    await symlink('b', join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    expect(await changesAfter(2)).toBe(1)
  })
})
