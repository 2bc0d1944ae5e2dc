export { type RoutedOptions, routed, runOf } from './routed.js'
