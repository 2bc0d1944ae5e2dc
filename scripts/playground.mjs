// npm run playground [-- --port N] [-- --no-open]
// Builds the site with the playground, serves it on 127.0.0.1, says where, and opens a browser where there is one. Ctrl-c ends it.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildSite } from './site/build.mjs'
import { serveFolder } from './static-server.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}build/site`
const OPENERS = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''], linux: ['xdg-open'] }

const flags = readFlags()
const { faults } = await buildSite(root, folder)
for (const fault of faults) console.error(fault)
const served = await serveFolder(folder, flags.port)
const url = `${served.url}playground/`
console.log(`playground: ${url} (ctrl-c ends)`)
if (flags.opens) openBrowser()

/** Where no browser can be opened, the address that was printed has to do. */
function openBrowser() {
  const opener = OPENERS[process.platform]
  const hasScreen = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
  if (opener === undefined || !hasScreen) return
  const [command, ...args] = opener
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}

function readFlags() {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' }, 'no-open': { type: 'boolean' } } })
    const port = Number(values.port ?? 0)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('--port: expected 0 to 65535')
    return { port, opens: values['no-open'] !== true }
  } catch (error) {
    console.error(`${error.message.split('. ')[0]}; usage: npm run playground [-- --port N --no-open]`)
    return process.exit(2)
  }
}
