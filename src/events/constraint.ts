/** What an operator asks of the router besides good answers. */
export const CONSTRAINTS = ['budget', 'cap', 'latency', 'quality'] as const
export type Constraint = (typeof CONSTRAINTS)[number]
