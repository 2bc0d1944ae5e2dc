import fc from 'fast-check'

/**
 * Property tests draw a new seed each run and print it when they fail; FC_SEED=<seed> repeats a run.
 * Importing this module is enough.
 */
const fixed = process.env.FC_SEED
fc.configureGlobal({ ...fc.readConfigureGlobal(), ...(fixed === undefined ? {} : { seed: Number(fixed) }) })
