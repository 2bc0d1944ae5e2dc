import { ParetoBanditError } from '../src/base/errors.js'
import { KERNEL_NAMES, type KernelName } from '../src/kernel/kernel.js'
import { loadKernel } from '../src/kernel/load.js'

export interface Kernels {
  readonly available: readonly KernelName[]
  /** One line for each that cannot run here. */
  readonly missing: readonly string[]
}

/** Which kernels run here. */
export async function findKernels(): Promise<Kernels> {
  const available: KernelName[] = []
  const missing: string[] = []
  for (const name of KERNEL_NAMES) {
    try {
      await loadKernel(name, { dimension: 2, gamma: 1, lambda0: 1 })
      available.push(name)
    } catch (error) {
      if (!(error instanceof ParetoBanditError && error.code === 'KERNEL_UNAVAILABLE')) throw error
      missing.push(`kernel ${name}: ${error.message}`)
    }
  }
  return { available, missing }
}
