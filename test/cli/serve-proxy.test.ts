import { spawn } from 'node:child_process'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { smallTree } from '../gateway/config/example.js'
import { CERTIFICATE, CERTIFICATE_KEY } from '../support/certificate.js'
import { proxyBefore } from '../support/proxy-server.js'
import { BIN, Folder } from './support.js'

const folder = new Folder()
const CLIENT_KEY = 'pb-client-0123456789abcdef'
const PROVIDER_KEY = 'sk-provider-0123456789'
const COMPLETION = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'by the proxy' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}

test('serve asks a provider by the proxy of its environment, and says so without the password', async () => {
  const provider = createServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(COMPLETION))
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  const proxy = await proxyBefore((provider.address() as AddressInfo).port)
  await folder.write('ca.pem', CERTIFICATE)
  await folder.write('g.json', {
    ...smallTree(),
    listen: { port: 0 },
    keys: [{ name: 'app', value: '$CLIENT_KEY' }],
    upstreams: [
      { id: 'up', protocol: 'openai', baseUrl: 'https://provider.test/v1', apiKey: '$PROVIDER_KEY' },
    ],
  })
  const child = spawn(process.execPath, [BIN, 'serve', 'g.json'], {
    cwd: folder.path,
    env: {
      PATH: process.env.PATH,
      CLIENT_KEY,
      PROVIDER_KEY,
      HTTPS_PROXY: `http://me:50%off@${proxy.address}`,
      HTTP_PROXY: 'socks5://me:hidden@127.0.0.1:1',
      NODE_EXTRA_CA_CERTS: join(folder.path, 'ca.pem'),
    },
  })
  const exited = new Promise((resolve) => child.on('close', resolve))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  try {
    await expect
      .poll(() => output.includes('"ready"') || child.exitCode !== null, { timeout: 20_000 })
      .toBe(true)
    expect(output).toContain('"ready"')
    const url = /"url":"([^"]+)"/.exec(output)?.[1]
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'hello' }] }),
    })
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'by the proxy' } }] })
    expect(proxy.asked.map(([method, target]) => [method, target])).toEqual([
      ['CONNECT', 'provider.test:443'],
    ])
    const lines = output.split('\n').filter((line) => line.includes('proxy'))
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', variable: 'HTTP_PROXY' },
      { level: 'info', https: `http://${proxy.address}`, http: null, noProxy: '' },
    ])
    expect(output).not.toMatch(/50%off|hidden/)
  } finally {
    child.kill('SIGKILL')
    await exited
    proxy.close()
    provider.closeAllConnections()
    provider.close()
  }
})
