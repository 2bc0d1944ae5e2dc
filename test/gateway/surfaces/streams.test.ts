import { describe, it } from 'vitest'

describe('a stream', () => {
  it.todo('holds its headers until the first content, and moves on before that')
  it.todo('ends with an error event of the protocol after that')
  it.todo('slows its upstream for a slow client, and holds no more than the config says')
  it.todo('of an upstream that is silent, endless or no event stream ends, and is told')
  it.todo('is recorded for what it was: empty, refused, truncated, broken')
})
