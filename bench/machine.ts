import { availableParallelism, cpus } from 'node:os'

/** Processor, cores, platform and Node, in one line. */
export function describeMachine(): string {
  const [cpu] = cpus()
  const model = cpu === undefined ? 'unknown processor' : cpu.model.trim()
  return `${model}, ${availableParallelism()} cores, ${process.platform} ${process.arch}, Node ${process.version}`
}
