// Serves a module as its platform would: a worker's default export, or a route handler's functions by their methods.
import { serve } from '@hono/node-server'

const module = await import(process.argv[2])
const handle = (request) =>
  module.default === undefined ? module[request.method](request) : module.default.fetch(request)
serve({ fetch: handle, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`)
})
