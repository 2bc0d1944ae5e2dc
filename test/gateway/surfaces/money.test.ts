import { describe, it } from 'vitest'

describe('money', () => {
  it.todo(
    'is reserved before the call and settled after it, on every surface, to 1e-9 of what the upstream counted',
  )
  it.todo('asks every upstream for usage, and takes it in any shape')
  it.todo('of a client that goes away is the greater of measured and reserved')
  it.todo('of a client that goes away is measured where the operator drains')
  it.todo('has a price for each kind of tokens, and the dearest for one that nobody knows')
  it.todo('cannot be spent twice by requests that come at once')
  it.todo('is booked when the gateway closes')
})
