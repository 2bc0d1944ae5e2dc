/** What the gateway's own connection to a log's Redis, of keys and notes, has in common with that of the log. No entry of the package. */
export { callTexts, REFUSED_IN_SCRIPTS, refusedDirectly, refusedText } from './access.js'
export { TlsParameters, tlsAdvice } from './tls.js'
