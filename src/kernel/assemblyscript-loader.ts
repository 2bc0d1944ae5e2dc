/**
 * AssemblyScript's loader, of which the kernel takes one function. A module of its own because loading it throws where
 * `TextDecoder` knows no UTF-16; there the JavaScript kernel runs.
 */
export { instantiate } from '@assemblyscript/loader'
