import type { ClientAnswer } from './client-answer.js'
import type { ClientRequest } from './client-request.js'

/** Answers a POST; null: another way than the short one is for its path. */
export type CompleteByPath = (path: string, request: ClientRequest) => Promise<ClientAnswer> | null
