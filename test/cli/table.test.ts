import { expect, it } from 'vitest'
import { renderTable } from '../../src/cli/table.js'

it('a table is as wide as its widest cell, however many rows there are', () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => [`t${i}`, '1'])
  const lines = renderTable([{ title: 'Tenant' }, { title: 'n', align: 'right' }], rows).split('\n')
  expect(lines).toHaveLength(200_002)
  expect([lines[0], lines[1], lines[200_000]]).toEqual(['Tenant   n', 't0       1', 't199999  1'])
})
