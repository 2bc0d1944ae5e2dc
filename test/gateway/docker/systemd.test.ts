import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { ENV, smallTree } from '../config/example.js'

const DOCS = readFileSync(
  join(fileURLToPath(new URL('../../..', import.meta.url)), 'docs/GATEWAY.md'),
  'utf8',
)
const [, UNIT = ''] = /^```ini\n([\s\S]*?)^```$/m.exec(DOCS) ?? []

/** What a line of the unit says; undefined: it has no such line. */
const said = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(UNIT)?.[1]

describe('the unit for systemd', () => {
  it('has its three parts, and lines of names and values alone', () => {
    expect(UNIT.match(/^\[\w+\]$/gm)).toEqual(['[Unit]', '[Service]', '[Install]'])
    const others = UNIT.split('\n').filter((line) => line !== '' && !/^(?:\[\w+\]|[A-Z]\w+=\S.*)$/.test(line))
    expect(others).toEqual([])
  })

  it('waits as long for an end as the gateway may take, and reloads by its signal', async () => {
    const { store: _, ...tree } = smallTree()
    const { timeouts, store } = await readConfig(tree, { name: 'c', env: ENV })
    expect(Number(said('TimeoutStopSec')) * 1000).toBeGreaterThanOrEqual(timeouts.drainMs + 15_000)
    expect(said('KillSignal')).toBeUndefined()
    expect(said('ExecReload')).toBe('/bin/kill -HUP $MAINPID')
    expect(said('ExecStart')).toMatch(/ paretobandit serve \/etc\/paretobandit\/gateway\.yaml$/)
    // Its state is where it may write.
    expect(store).toMatchObject({ file: expect.not.stringMatching(/^\//) })
    expect(said('WorkingDirectory')).toBe(`/var/lib/${said('StateDirectory')}`)
    expect(said('ProtectSystem')).toBe('strict')
  })

  it('is not given up by systemd for a start that fails again and again', () => {
    expect(said('Restart')).toBe('on-failure')
    // Five starts in ten seconds are its limit, where a unit says no other.
    expect(5 * Number(said('RestartSec'))).toBeGreaterThan(10)
  })
})
