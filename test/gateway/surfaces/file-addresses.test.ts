import { afterEach, describe, expect, it } from 'vitest'
import { accountSchemesIn } from '../../../src/gateway/protocols/file-addresses.js'
import { closeAll, gatewayServer } from './gateway-server.js'

afterEach(closeAll)

describe('a file that the provider reads with the rights of the operator', () => {
  const GS = 'gs://operators-bucket/secret.pdf'
  const said = (...content: object[]) => ({ role: 'user', content })
  /** In base64, where it begins like a path. */
  const JPEG = '/9j/4AAQSkZJRgABAQ=='
  const TEXTS = [{ type: 'text', text: 'x' }]
  const CITED = { type: 'search_result_location', source: 'confluence://space/page', cited_text: 'x' }
  const result = (...content: object[]) => ({ messages: [said(...content)] })
  const PLACES: readonly (readonly [path: string, body: object, scheme: string])[] = [
    ['/v1/chat/completions', { messages: [said({ type: 'image_url', image_url: { url: GS } })] }, 'gs'],
    ['/v1/chat/completions', { messages: [said({ type: 'image_url', image_url: GS })] }, 'gs'],
    ['/v1/chat/completions', { messages: [said({ type: 'file', file: { file_data: GS } })] }, 'gs'],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'video_url', video_url: { url: 'GS://b/x' } })] },
      'gs',
    ],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'video', video: ['https://x', 'oss://b/x'] })] },
      'oss',
    ],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'image_url', image_url: 'file:///etc/passwd' })] },
      'file',
    ],
    [
      '/v1/chat/completions',
      { messages: [{ ...said({ type: 'x', url: 's3://b/x' }), type: 'image' }] },
      's3',
    ],
    ['/v1/responses', { input: [said({ type: 'input_image', image_url: 's3://b/x' })] }, 's3'],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'image_url', image_url: `src${'/'.repeat(80)}../../../etc/x.png` })] },
      'file',
    ],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'image_url', image_url: `src/${'./'.repeat(40)}../../etc/x.png` })] },
      'file',
    ],
    ['/v1/embeddings', { input: 'x', messages: [said({ type: 'image_url', image_url: GS })] }, 'gs'],
    ['/v1/embeddings', { input: 'x', images: [GS] }, 'gs'],
    ['/v1/responses', { input: [said({ type: 'input_file', file_url: GS })] }, 'gs'],
    ['/v1/messages', { messages: [said({ type: 'document', source: { type: 'url', url: GS } })] }, 'gs'],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'image_url', image_url: 'file:/etc/passwd' })] },
      'file',
    ],
    ['/v1/chat/completions', { messages: [said({ type: 'image_url', image_url: 'file:etc/x' })] }, 'file'],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'image_url', image_url: '\u0000 fi\nle:///x' })] },
      'file',
    ],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'image_url', image_url: '<URL:file:///x>' })] },
      'file',
    ],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'image_url', image_url: { url: '/srv/x.png' } })] },
      'file',
    ],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'image_url', image_url: { url: '../x.png' } })] },
      'file',
    ],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'video_url', video_url: { url: 'x/../../etc/x' } })] },
      'file',
    ],
    ['/v1/chat/completions', { messages: [said({ type: 'image_url', Image_URL: { URL: GS } })] }, 'gs'],
    ['/v1/chat/completions', { messages: [said({ type: 'image_url', image_url: [{ url: GS }] })] }, 'gs'],
    ['/v1/chat/completions', { messages: [said({ type: 'audio', audio: 'oss://b/x.mp3' })] }, 'oss'],
    ['/v1/chat/completions', { messages: [said({ fileData: { mimeType: 'x', fileUri: GS } })] }, 'gs'],
    ['/v1/chat/completions', { messages: [said({ file_data: { file_uri: GS } })] }, 'gs'],
    ['/v1/chat/completions', { messages: [said({ type: 'file', file: { file_id: GS } })] }, 'gs'],
    [
      '/v1/messages',
      { messages: [said({ type: 'image', source: { type: 's3', s3Location: { uri: 's3://b/x' } } })] },
      's3',
    ],
    [
      '/v1/messages',
      {
        messages: [
          said({
            type: 'document',
            source: { type: 'content', content: [{ type: 'image', source: { type: 'url', url: GS } }] },
          }),
        ],
      },
      'gs',
    ],
    [
      '/v1/chat/completions',
      { messages: [said({ type: 'file', file: { file_data: 'git+https://x/y' } })] },
      'git+https',
    ],
    ['/v1/embeddings', { input: 'gs://b/x.png' }, 'gs'],
    ['/v1/embeddings', { input: ['x', ' S3://b/x.png'] }, 's3'],
    ['/v1/embeddings', { input: ['x', ['gs://b/x.png']] }, 'gs'],
    ['/v1/embeddings', { input: ['x', { image: 'gs://b/x.png' }] }, 'gs'],
    [
      '/v1/messages',
      {
        messages: [
          said({
            type: 'tool_result',
            content: [{ type: 'image', source: { type: 'url', url: 's3://b/x' } }],
          }),
        ],
      },
      's3',
    ],
  ]

  const MODELS: Readonly<Record<string, string>> = {
    '/v1/messages': 'sim-claude',
    '/v1/embeddings': 'sim-embed',
  }

  it.each(PLACES)('is not for clients unless the operator allows it: %s, %j', async (path, body, scheme) => {
    const own = { model: MODELS[path] ?? 'sim-small', max_tokens: 10, ...body }
    const server = await gatewayServer()
    const refused = await server.post(path, own)
    const message = expect.stringMatching(
      new RegExp(`^files\\.${scheme.replace('+', '\\+')}: expected an address of https`),
    )
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { message } }])
    expect(server.ledger().spendUsd).toBe(0)
    const allowing = await gatewayServer({ tree: { requests: { allow: [`files.${scheme}`] } } })
    expect(await (await allowing.post(path, own)).text()).not.toContain('requests.allow')
  })

  it('is no matter where it is a text, or an address of the web', async () => {
    const server = await gatewayServer()
    const parts = [
      { type: 'text', text: GS },
      { type: 'image_url', image_url: { url: 'https://x/y.png' } },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'image_url', image_url: { url: '/9j/4AAQ\nSkZJRgAB' } },
      { type: 'image_url', image_url: { url: '/0//UQAvAAAA' } },
    ]
    const body = { model: 'sim-small', messages: [{ role: 'user', content: GS }, said(...parts)] }
    expect(await (await server.post('/v1/chat/completions', body)).text()).not.toContain('requests.allow')
  })

  it.each([
    ['file:///etc/passwd', 'gs://b/x'],
    ['gs://b/x', 'file:///etc/passwd'],
  ])('is not for clients where another scheme is allowed: %s, %s', async (...addresses) => {
    const server = await gatewayServer({ tree: { requests: { allow: ['files.gs'] } } })
    const parts = addresses.map((url) => ({ type: 'image_url', image_url: { url } }))
    const refused = await server.post('/v1/chat/completions', {
      model: 'sim-small',
      messages: [said(...parts)],
    })
    const message = expect.stringMatching(/^files\.file: expected an address of https/)
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { message } }])
    expect(server.upstream.entries).toEqual([])
  })

  it('is refused among more schemes than can be allowed', () => {
    const urls = Array.from({ length: 5000 }, (_, i) => ({ url: `s${i}://x` }))
    expect(accountSchemesIn([urls], new Set()).size).toBe(1001)
  })

  it.each<[path: string, body: object]>([
    [
      '/v1/messages',
      result({ type: 'search_result', source: 's3://kb/doc.txt', title: 's3://kb', content: TEXTS }),
    ],
    ['/v1/messages', result({ type: 'text', text: 'x', citations: [CITED] })],
    [
      '/v1/messages',
      result({
        type: 'document',
        title: GS,
        context: GS,
        source: { type: 'text', media_type: 'text/plain', data: GS },
      }),
    ],
    ['/v1/messages', result({ type: 'document', source: { type: 'content', content: GS } })],
    [
      '/v1/messages',
      result({ type: 'tool_use', id: 'a', name: 'f', input: { url: GS, file: '/etc/passwd' } }),
    ],
    [
      '/v1/messages',
      result({ type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: JPEG } }),
    ],
    [
      '/v1/chat/completions',
      result({
        type: 'file',
        file: { filename: 's3://b/r.pdf', file_data: 'data:application/pdf;base64,AAAA' },
      }),
    ],
    ['/v1/chat/completions', result({ type: 'image_url', image_url: { url: JPEG, detail: 'auto' } })],
    [
      '/v1/chat/completions',
      result({ type: 'input_audio', input_audio: { data: '//uQxAAAAAAA', format: 'mp3' } }),
    ],
    [
      '/v1/chat/completions',
      {
        messages: [
          {
            role: 'assistant',
            content: 'x',
            annotations: [{ type: 'url_citation', url_citation: { url: GS } }],
          },
          said(...TEXTS),
        ],
      },
    ],
    [
      '/v1/embeddings',
      {
        input: [
          'gs://b/x.png is a picture',
          'slack://channel/1',
          '/srv/x.png',
          'note: //x',
          'https://x/y.png',
        ],
      },
    ],
    [
      '/v1/responses',
      {
        input: [
          said({ type: 'input_text', text: 'x' }),
          {
            type: 'file_search_call',
            id: 'fs',
            queries: ['x'],
            results: [{ file_id: 'file-1', filename: GS, attributes: { url: GS } }],
          },
          {
            type: 'computer_call_output',
            call_id: 'c',
            output: { type: 'computer_screenshot', image_url: 'https://x', current_url: 'chrome://newtab/' },
          },
        ],
      },
    ],
    ['/v1/embeddings', { input: ['x', { text: GS }, { image: JPEG }] }],
  ])('is no matter where nobody reads it: %s, %j', async (path, body) => {
    const server = await gatewayServer()
    const response = await server.post(path, { model: MODELS[path] ?? 'sim-small', max_tokens: 10, ...body })
    expect([response.status, await response.text()]).toEqual([200, expect.anything()])
  })
})
