/** The worker with the engine as one script: written when the playground is built. */
declare const code: string
export default code
