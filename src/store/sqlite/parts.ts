/** What the gateway asks of a log's file before it is opened. No entry of the package. */
export { wasCutOff } from './file-state.js'
