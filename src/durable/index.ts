export { openDurable } from './open.js'
export { resolveJournal } from './resolve-journal.js'
