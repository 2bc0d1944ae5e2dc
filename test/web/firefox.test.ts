import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HAS_FIREFOX, openFirefox, tellOfMissingFirefox } from '../support/firefox.js'
import { builtSite, serveSite } from '../support/site.js'

const PATIENCE_MS = 240_000
const ROW = {
  prompt: 'a question',
  outcomes: { small: { reward: 0.5, costUsd: 1e-4 }, large: { reward: 0.9, costUsd: 1e-2 } },
}
const FILE = Array.from({ length: 60 }, (_, i) => JSON.stringify({ id: `${i}`, ...ROW })).join('\n')

/**
 * What a person does, by a page that has the playground in a frame: under Firefox there is no driver, so it says itself what
 * it sees.
 */
async function play(file: string): Promise<Record<string, unknown>> {
  const frame = document.querySelector('iframe') as HTMLIFrameElement
  const page = () => frame.contentDocument as Document
  const find = (selector: string) => page().querySelector(selector) as HTMLElement
  const text = (selector: string) => page().querySelector(selector)?.textContent ?? ''
  const until = async (what: string, isTrue: () => boolean) => {
    for (let i = 0; i < 2000; i++) {
      if (isTrue()) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`never ${what}; it says: ${page().body.textContent?.slice(0, 400)}`)
  }
  const requests = () => Number(text('#requests').replaceAll(',', ''))
  await until('started', () => page()?.querySelector('#play') !== null)
  await until('plays by itself', () => requests() > 1000)
  find('#play').click()
  await until('paused', () => text('#play') === 'Play')
  const kernel = text('#data-name')
  find('#drop-price').click()
  await until('a note of the price', () => text('#notes').includes('costs 5 %'))
  find('#step').click()
  find('#explain').click()
  await until('explained', () => text('#explanation').includes('It would go to'))
  const canvases = [...page().querySelectorAll('.plot canvas')] as HTMLCanvasElement[]
  const painted = canvases.map((canvas) => {
    const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
    return data.some((value, i) => i % 4 === 3 && value > 0)
  })
  const overflow = page().documentElement.scrollWidth - frame.clientWidth
  find('#share').click()
  await until('made a link', () => (find('#link') as HTMLInputElement).value.includes('#budget='))
  const view = frame.contentWindow as Window & typeof globalThis
  const sent = await view.fetch(location.href).then(
    () => 'sent',
    () => 'refused',
  )
  const open = (name: string, content: string) => {
    const transfer = new view.DataTransfer()
    transfer.items.add(new view.File([content], name))
    const input = find('#own-file') as HTMLInputElement
    input.files = transfer.files
    input.dispatchEvent(new view.Event('change', { bubbles: true }))
  }
  open('table.csv', 'prompt,model\n')
  await until('refused the table', () => text('[role=alert]').includes('a table (CSV)'))
  open('mine.jsonl', file)
  await until('plays the file', () => text('#data-name').includes('mine.jsonl, 60 prompts'))
  find('#step').click()
  await until('played the file', () => requests() >= 1000)
  return { kernel, painted, names: page().querySelectorAll('figure .name').length, overflow, sent }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

tellOfMissingFirefox('the playground was not run in Firefox')

describe.runIf(HAS_FIREFOX)('the playground in Firefox', () => {
  it(
    'plays by itself, draws, explains, and plays a file',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'paretobandit-firefox-site-'))
      cpSync(join(await builtSite(), 'playground'), join(folder, 'playground'), { recursive: true })
      const told: Server = createServer()
      const report = new Promise<Record<string, unknown>>((resolve) => {
        told.on('request', async (request, response) => {
          const parts: Buffer[] = []
          for await (const part of request) parts.push(part as Buffer)
          response.end()
          resolve(JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>)
        })
      })
      const to = await listen(told)
      writeFileSync(
        join(folder, 'index.html'),
        `<!doctype html><title>frame</title><iframe src="playground/index.html" width="1100" height="900"></iframe>
<script>(${play.toString()})(${JSON.stringify(FILE)}).catch((error) => ({ error: String(error) }))
.then((seen) => fetch('${to}', { method: 'POST', mode: 'no-cors', body: JSON.stringify(seen) }))</script>`,
      )
      const served = await serveSite(folder)
      const firefox = openFirefox(served.url)
      try {
        const seen = await Promise.race([
          report,
          new Promise<Record<string, unknown>>((resolve) => {
            firefox.child.once('exit', (code) => resolve({ error: `Firefox ended with ${code}` }))
          }),
        ])
        expect(seen.error).toBe(undefined)
        expect(seen).toEqual({
          kernel: expect.stringContaining('kernel wasm'),
          painted: [true, true, true, true],
          names: 2,
          overflow: expect.any(Number),
          sent: 'refused',
        })
        expect(seen.overflow).toBeLessThanOrEqual(0)
      } finally {
        await firefox.close()
        for (const server of [served.server, told]) {
          server.closeAllConnections()
          server.close()
        }
        rmSync(folder, { recursive: true, force: true })
      }
    },
    PATIENCE_MS,
  )
})
