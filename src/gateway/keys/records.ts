/**
 * What is made at run time and outlives a process: keys and models that an admin adds. A record is JSON under an id, such as
 * `key:key_5f0c...`; replicas share them.
 */
export interface RecordStore {
  /** All records by their ids. @throws (the promise is rejected) while the store is away */
  read(): Promise<ReadonlyMap<string, unknown>>
  /** Resolves when it is durable. */
  put(id: string, value: object): Promise<void>
  /** Resolves when it is gone, or never was there. */
  remove(id: string): Promise<void>
  /** A text that is another one after every change, whoever made it. Cheaper than `read`. */
  version(): Promise<string>
  /** Lets go of files and connections. */
  close(): Promise<void>
}

/** Records of one process, kept by nobody. */
export function memoryRecords(): RecordStore {
  const records = new Map<string, unknown>()
  let changes = 0
  return {
    read: async () => new Map(records),
    async put(id, value) {
      records.set(id, structuredClone(value))
      changes++
    },
    async remove(id) {
      records.delete(id)
      changes++
    },
    version: async () => String(changes),
    close: async () => {},
  }
}
