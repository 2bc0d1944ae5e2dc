import { Random as Uniform } from '../../src/gateway/node/simulated/random.js'

/** A seeded source of randomness: the same stream on every machine. */
export class Random extends Uniform {
  /** Uniform in [-size, size), with a bias of 1 at the end when asked for. */
  vector(dimension: number, size = 1, bias = true): Float64Array {
    const vector = Float64Array.from({ length: dimension }, () => (2 * this.next() - 1) * size)
    if (bias) vector[dimension - 1] = 1
    return vector
  }
}
