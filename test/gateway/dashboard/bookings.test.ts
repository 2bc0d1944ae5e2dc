import { describe, expect, it } from 'vitest'
import { Bookings } from '../../../src/gateway/dashboard/bookings.js'

describe('bookings of the dashboard', () => {
  it('give way to what is booked next, of each request by itself', () => {
    const bookings = new Bookings()
    bookings.routed('a', 0.5, 0.25)
    bookings.routed('b', 2, 0)
    expect(bookings.book('a', 0.125)).toBe(0.125)
    expect(bookings.book('b', 1)).toBe(1)
    expect(bookings.book('a', 0.5)).toBe(0.375)
    expect(bookings.book('a', 0)).toBe(-0.5)
    expect([bookings.reservedUsd('a'), bookings.ceilingUsd('a')]).toEqual([0.5, 0.25])
    expect([bookings.reservedUsd('b'), bookings.ceilingUsd('b')]).toEqual([2, 0])
  })

  it('keep apart whose rows they are, also where an id comes again', () => {
    const bookings = new Bookings()
    bookings.routed('x', 1, 1)
    bookings.routed('x', 2, 1)
    for (let i = 0; i < 65_535; i++) bookings.routed(`${i}`, i, 3)
    bookings.book('x', 0.5)
    bookings.routed('new', 7, 3)
    expect(bookings.reservedUsd('x')).toBeNull()
    expect([bookings.reservedUsd('0'), bookings.reservedUsd('new')]).toEqual([0, 7])
    expect([bookings.book('0', 1), bookings.book('new', 2), bookings.book('0', 1)]).toEqual([1, 2, 0])
  })

  it('of a request that is forgotten, or never was, count as they come', () => {
    const bookings = new Bookings()
    bookings.routed('first', 1, 1)
    expect(bookings.book('first', 0.5)).toBe(0.5)
    for (let i = 0; i < 65_535; i++) bookings.routed(`${i}`, i, 3)
    expect(bookings.reservedUsd('first')).toBe(1)
    expect(bookings.book('first', 0.75)).toBe(0.25)
    bookings.routed('last', 7, 3)
    expect(bookings.reservedUsd('first')).toBeNull()
    expect(bookings.ceilingUsd('first')).toBeNull()
    expect(bookings.book('first', 0.75)).toBe(0.75)
    expect([bookings.reservedUsd('last'), bookings.book('last', 2)]).toEqual([7, 2])
    expect([bookings.reservedUsd('0'), bookings.reservedUsd('65534')]).toEqual([0, 65_534])
    expect(bookings.book('nobody', 4)).toBe(4)
  })
})
