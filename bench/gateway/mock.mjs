// A provider that does nothing but answer: one chat completion of 40 tokens, whole or as a stream of 10 events. Of a stream for the user
// `idle` it sends the first of them, and nothing more.
import { createServer } from 'node:http'
import { HEAD, USAGE, WHOLE } from './provider-answer.mjs'

const chunk = (delta, finish_reason = null) =>
  `data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const pieces = [
  chunk({ role: 'assistant', content: '' }),
  ...Array.from({ length: 10 }, () => chunk({ content: 'word word word word ' })),
]
const last = `${chunk({}, 'stop')}data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (text) => {
    body += text
  })
  request.on('end', () => {
    if (!body.includes('"stream":true')) {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(WHOLE),
      })
      response.end(WHOLE)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (body.includes('"user":"idle"')) {
      response.write(pieces[0] + pieces[1])
      return
    }
    for (const piece of pieces) response.write(piece)
    response.end(last)
  })
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
