export { openDurable } from './open.js'
export { checkStore, resolveJournal } from './resolve-journal.js'
