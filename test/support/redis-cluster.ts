import { RedisServer } from './redis-server.js'

const SLOTS = 16_384
const TRIES = 400

interface Node {
  readonly server: RedisServer
  readonly id: string
}

/** A cluster of real redis-servers: three share the slots, and each may have replicas. */
export class RedisCluster {
  readonly nodes: Node[] = []

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RedisCluster> {
    const cluster = new RedisCluster()
    for (let i = 0; i < 3; i++) await cluster.add(settings)
    const size = Math.ceil(SLOTS / 3)
    for (let i = 0; i < 3; i++) {
      const last = Math.min(SLOTS, (i + 1) * size) - 1
      await cluster.nodes[i].server.command('CLUSTER', 'ADDSLOTSRANGE', `${i * size}`, `${last}`)
    }
    await cluster.settled()
    return cluster
  }

  /** One more; it has no slots. */
  async add(settings: Readonly<Record<string, string>> = {}): Promise<Node> {
    const server = await RedisServer.start({
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '1000',
      'repl-diskless-sync-delay': '0',
      appendonly: 'no',
      ...settings,
    })
    const node = { server, id: String(await server.command('CLUSTER', 'MYID')) }
    const [first] = this.nodes
    this.nodes.push(node)
    if (first === undefined) return node
    const bus = String(await first.server.command('CONFIG', 'GET', 'cluster-port')).split(',')[1]
    await server.command('CLUSTER', 'MEET', '127.0.0.1', String(first.server.port), bus)
    return node
  }

  /** A copy of a node, that takes its place when it is gone. */
  async follower(of: Node): Promise<Node> {
    const node = await this.add()
    await until(async () => String(await node.server.command('CLUSTER', 'NODES')).includes(of.id))
    await node.server.command('CLUSTER', 'REPLICATE', of.id)
    await until(async () =>
      String(await node.server.command('INFO', 'replication')).includes('master_link_status:up'),
    )
    return node
  }

  /** All nodes know of all slots. */
  async settled(): Promise<void> {
    for (const { server } of this.nodes)
      await until(async () => {
        const info = String(await server.command('CLUSTER', 'INFO'))
        return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${this.nodes.length}`)
      })
  }

  /** Who has a key, by one of those that are up. */
  async ownerOf(key: string): Promise<Node> {
    const asked = this.nodes.find(({ server }) => server.pid !== 0)
    if (asked === undefined) throw new Error('no node is up')
    const slot = Number(await asked.server.command('CLUSTER', 'KEYSLOT', key))
    const ranges = (await asked.server.command('CLUSTER', 'SLOTS')) as [number, number, [unknown, number]][]
    const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1]
    const found = this.nodes.find(({ server }) => server.port === port)
    if (found === undefined) throw new Error(`nobody has ${key}`)
    return found
  }

  /** Moves the slot of a key, its keys one after the other, as `redis-cli --cluster reshard` does. */
  async move(key: string, to: Node, betweenKeys: () => Promise<void>): Promise<void> {
    const from = await this.ownerOf(key)
    const slot = String(await from.server.command('CLUSTER', 'KEYSLOT', key))
    await to.server.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
    await from.server.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
    for (;;) {
      const [next] = (await from.server.command('CLUSTER', 'GETKEYSINSLOT', slot, '1')) as string[]
      if (next === undefined) break
      await from.server.command('MIGRATE', '127.0.0.1', String(to.server.port), next, '0', '5000')
      await betweenKeys()
    }
    for (const { server } of [to, from]) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
  }

  async stop(): Promise<void> {
    for (const { server } of this.nodes) await server.stop()
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let left = TRIES; !(await isSo()); left--) {
    if (left === 0) throw new Error('the cluster did not come about')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
