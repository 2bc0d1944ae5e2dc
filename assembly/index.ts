// The kernel's exported ABI. The host owns the memory, lays an arena out in it, fills and grows it.

export { configure } from './layout'
export { project } from './project'
export { argmax, combine, prune, score } from './score'
export { invertSystem, rebuild, update } from './update'
