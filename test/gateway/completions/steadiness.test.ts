import { describe, expect, it } from 'vitest'
import { Steadiness } from '../../../src/gateway/completions/steadiness.js'

/** @returns how many of the failures, ten answers to others between each, say much of the model */
function pauses(clients: readonly string[]): number {
  const steadiness = new Steadiness()
  for (let i = 0; i < 50; i++) steadiness.answered('m', 'other')
  return clients.filter((client) => {
    for (let i = 0; i < 10; i++) steadiness.answered('m', 'other')
    return !steadiness.failed('m', client)
  }).length
}

describe('failures between answers to others', () => {
  it('say little of a model where they are of few clients, however these take turns', () => {
    for (const keys of [1, 2, 4, 8])
      expect(pauses(Array.from({ length: 80 }, (_, i) => `key ${i % keys}`))).toBeLessThanOrEqual(keys)
  })

  it('say much where they are of ever others', () => {
    expect(pauses(Array.from({ length: 80 }, (_, i) => `key ${i}`))).toBe(79)
  })
})

it('a client that failed once, and was answered since, is one of the others again', () => {
  const steadiness = new Steadiness()
  for (let i = 0; i < 60; i++) steadiness.answered('m', 'b')
  steadiness.failed('m', 'b')
  for (let i = 0; i < 50; i++) steadiness.answered('m', 'b')
  const failures = Array.from({ length: 10 }, () => {
    const saysLittle = steadiness.failed('m', 'a')
    for (let i = 0; i < 30; i++) steadiness.answered('m', 'b')
    return saysLittle
  })
  expect(failures).toEqual(Array(10).fill(true))
})

it('a model that answers nobody any more is told at the second failure, whoever has failed before', () => {
  const steadiness = new Steadiness()
  for (let i = 0; i < 40; i++) {
    for (let j = 0; j < 60; j++) steadiness.answered('m', `client ${j % 4}`)
    steadiness.failed('m', `client ${i % 4}`)
  }
  for (let j = 0; j < 60; j++) steadiness.answered('m', `client ${j % 4}`)
  const failures = ['client 0', 'client 1', 'client 2', 'client 3'].map((client) =>
    steadiness.failed('m', client),
  )
  expect(failures).toEqual([true, false, false, false])
})
