/**
 * AssemblyScript's loader, of which the kernel takes one function, or its twin. A module of its own because loading it throws where
 * `TextDecoder` knows no UTF-16; there the JavaScript kernel runs.
 */
export { instantiate, instantiateSync } from '@assemblyscript/loader'
