export { alpacaEvalSets } from './alpacaeval-sets.js'
export { bfclSet } from './bfcl-set.js'
export { routeLlmSet } from './routellm-set.js'
export { zeroEvalSets } from './zeroeval-sets.js'
