/** The gateway of a config's file in a server of your own, on Node: with its store, keys and priors. */

export { type OpenGatewayOptions, openGateway } from './open-gateway.js'
