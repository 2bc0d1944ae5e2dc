import { isRecord } from './check.js'

interface FileSystem {
  openSync(path: string, flags: 'r'): number
  closeSync(file: number): void
}

/** Whether this process gets no more files from its system just now; false where it has none to get, as in a browser. */
export function isWithoutFiles(open: () => void = openNothing): boolean {
  try {
    open()
    return false
  } catch (refused) {
    // What is not there, or not permitted, says nothing of a limit.
    return isRecord(refused) && (refused.code === 'EMFILE' || refused.code === 'ENFILE')
  }
}

function openNothing(): void {
  if (typeof process === 'undefined') return
  const files = process.getBuiltinModule?.('node:fs') as FileSystem | undefined
  files?.closeSync(files.openSync(process.platform === 'win32' ? '\\\\.\\nul' : '/dev/null', 'r'))
}
