import { describe, expect, it } from 'vitest'
import { Break } from '../../../src/gateway/upstreams/break.js'

describe('what breaks a call off', () => {
  it('calls its listener back once', () => {
    const broken = new Break()
    const told: string[] = []
    broken.onBroken(() => told.push('a'))
    expect([broken.isBroken, told]).toEqual([false, []])
    broken.breakOff()
    broken.breakOff()
    expect([broken.isBroken, told]).toEqual([true, ['a']])
  })

  it('calls back at once where it is broken off already', () => {
    const broken = new Break()
    broken.breakOff()
    const told: string[] = []
    broken.onBroken(() => told.push('late'))
    expect(told).toEqual(['late'])
  })

  it('has the latest listener alone', () => {
    const broken = new Break()
    const told: string[] = []
    broken.onBroken(() => told.push('first'))
    broken.onBroken(() => told.push('second'))
    broken.breakOff()
    expect(told).toEqual(['second'])
  })

  it('has one signal, made when it is asked for, before or after', () => {
    const before = new Break()
    const { signal } = before
    expect([before.signal === signal, signal.aborted]).toEqual([true, false])
    before.breakOff()
    expect(signal.aborted).toBe(true)
    const after = new Break()
    after.breakOff()
    expect(after.signal.aborted).toBe(true)
  })
})
