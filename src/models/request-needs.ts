import { isRecord } from '../base/check.js'
import { expected, isList } from '../base/errors.js'
import { type Json, memberOf, objectsOf } from '../base/json.js'
import { reading } from '../base/read-once.js'
import type { Capability } from './capabilities.js'

/** What a body for OpenAI's `POST /chat/completions` needs of a model. What it does not understand needs nothing. */
export function chatNeeds(body: Json): Set<Capability> {
  return reading('body', () => needsOfChat(body))
}

function needsOfChat(body: Json): Set<Capability> {
  const needs = new Set<Capability>()
  const types = partTypes(objectsOf(body.messages).map(({ content }) => content))
  if (objectsOf(body.tools).length > 0 || objectsOf(body.functions).length > 0) needs.add('tools')
  if (memberOf(body.response_format, 'type') === 'json_schema') needs.add('jsonSchema')
  if (types.includes('image_url')) needs.add('images')
  const speaks = Array.isArray(body.modalities) && body.modalities.includes('audio')
  if (types.includes('input_audio') || speaks) needs.add('audio')
  if (types.includes('file')) needs.add('files')
  if (isRecord(body.reasoning) || typeof body.reasoning_effort === 'string') needs.add('reasoning')
  if (body.logprobs === true || typeof body.top_logprobs === 'number') needs.add('logprobs')
  return needs
}

/** What a body for OpenAI's `POST /responses` needs of a model. What it does not understand needs nothing. */
export function responsesNeeds(body: Json): Set<Capability> {
  return reading('body', () => needsOfResponse(body))
}

function needsOfResponse(body: Json): Set<Capability> {
  const needs = new Set<Capability>()
  const types = partTypes(objectsOf(body.input).flatMap(({ content, output }) => [content, output]))
  if (objectsOf(body.tools).length > 0) needs.add('tools')
  if (memberOf(memberOf(body.text, 'format'), 'type') === 'json_schema') needs.add('jsonSchema')
  if (types.includes('input_image')) needs.add('images')
  if (types.includes('input_audio')) needs.add('audio')
  if (types.includes('input_file')) needs.add('files')
  if (isRecord(body.reasoning)) needs.add('reasoning')
  if (typeof body.top_logprobs === 'number' || asksForLogprobs(body.include)) needs.add('logprobs')
  return needs
}

function asksForLogprobs(include: unknown): boolean {
  return isList(include) && include.includes('message.output_text.logprobs')
}

/** The types of the parts of contents, those within parts too: a tool's result has some. @throws INVALID_ARGUMENT for what is no list */
export function partTypes(contents: readonly unknown[]): string[] {
  if (!isList(contents)) throw expected('INVALID_ARGUMENT', 'contents', 'a list of contents', contents)
  return reading('contents', () => typesWithin(contents))
}

function typesWithin(contents: readonly unknown[]): string[] {
  return contents.flatMap((content) =>
    objectsOf(content).flatMap(({ type, content: inner }) => [
      typeof type === 'string' ? type : '',
      ...typesWithin([inner]),
    ]),
  )
}
