import { rebuildInverse } from '../../../kernel/inverse.js'
import type { Kernel } from '../../../kernel/kernel.js'

/** Memory for one symmetric positive definite system of equations, and what inverts it. Offsets count numbers of `f64`. */
export interface LinearSystem {
  /** Read again for each system: an arena that grows replaces it. */
  readonly f64: Float64Array
  /** Packed triangle of the matrix. */
  readonly matrix: number
  /** And of its inverse, once `invert` has been called. */
  readonly inverse: number
  /** A vector of the size. */
  readonly right: number
  /** Another one, which `invert` overwrites. */
  readonly scratch: number
  invert(size: number): void
}

/** In the scratch of an arena with heads, by its kernel: in a fraction of the time. The same bits. */
export function arenaSystem(kernel: Kernel): LinearSystem {
  const { system, systemInverse, image, row } = kernel.layout
  return {
    get f64() {
      return kernel.f64
    },
    matrix: system,
    inverse: systemInverse,
    right: image,
    scratch: row,
    invert: (size) => kernel.invertSystem(size),
  }
}

/** In memory of its own, where there is no arena yet. @param size the largest that is solved */
export function ownSystem(size: number): LinearSystem {
  const triangle = (size * (size + 1)) / 2
  const right = 2 * triangle
  const scratch = right + size + 1
  const f64 = new Float64Array(scratch + size + 1)
  return {
    f64,
    matrix: 0,
    inverse: triangle,
    right,
    scratch,
    invert: (solved) => rebuildInverse(f64, 0, triangle, scratch, solved),
  }
}
