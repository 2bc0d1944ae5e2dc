// Serves a folder of static files on 127.0.0.1: for looking at what is built, for pictures and for tests.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
}

/**
 * @param folder its files are served, index.html for a folder
 * @param port 0: any that is free
 * @param base path under which they are served, `/` or `/some/where/`
 * @returns the server and the address of its first page
 */
export async function serveFolder(folder, port = 0, base = '/') {
  const server = createServer(async (request, response) => {
    const file = await fileOf(folder, request.url ?? '/', base)
    if (file === null) return response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n')
    const type = TYPES[extname(file)] ?? 'text/plain; charset=utf-8'
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' })
    if (request.method === 'HEAD') return response.end()
    createReadStream(file).pipe(response)
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return { server, url: `http://127.0.0.1:${server.address().port}${base}` }
}

/** The file of an address, or null if the file does not exist. */
async function fileOf(folder, url, base) {
  let path
  try {
    path = decodeURIComponent(url.split(/[?#]/)[0])
  } catch {
    return null
  }
  if (!path.startsWith(base) || path.includes('\0')) return null
  const file = normalize(join(folder, path.slice(base.length)))
  if (file !== normalize(folder) && !file.startsWith(normalize(folder + sep))) return null
  const found = await stat(file).catch(() => null)
  if (found?.isDirectory()) return path.endsWith('/') ? fileOf(folder, `${url}index.html`, base) : null
  return found === null ? null : file
}
