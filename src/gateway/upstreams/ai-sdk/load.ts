import { isRecord } from '../../../base/check.js'
import { messageOf } from '../../../base/errors.js'
import type { UpstreamConfig } from '../../config/config.js'
import { Secret } from '../../config/secret.js'
import { UpstreamFailure } from '../failure.js'
import type { AiSdkModel, AiSdkProvider } from './model.js'
import { providerFetch } from './provider-fetch.js'

/** It is of many providers, and must be given a name. */
export const COMPATIBLE = '@ai-sdk/openai-compatible'

/** Gives a package by its name. */
export type ImportPackage = (name: string) => Promise<unknown>

/** Of where this file stands. Bundlers leave it alone. */
export const importPackage: ImportPackage = (name) =>
  import(/* @vite-ignore */ /* webpackIgnore: true */ name)

/**
 * The provider of an upstream, made by its package.
 * @param answerBytesMax `limits.answerBytesMax` in force
 * @throws (the promise is rejected with) UpstreamFailure saying what the operator must mend
 */
export async function loadProvider(
  { id, package: name, factory, baseUrl, apiKey, headers, options }: UpstreamConfig,
  load: ImportPackage,
  answerBytesMax: () => number,
): Promise<AiSdkProvider> {
  if (name === null) throw broken(`upstream ${id} has no package, and no provider was given in code`)
  let found: unknown
  try {
    found = await load(name)
  } catch (error) {
    throw broken(`package ${name} cannot be loaded: ${messageOf(error)}`)
  }
  const make = factoryOf(found, factory)
  if (make === null)
    throw broken(
      factory === null
        ? `package ${name}: expected one function create... (upstreams[].factory names one of several)`
        : `package ${name} exports no function ${factory}`,
    )
  const revealed = (values: Readonly<Record<string, string | boolean | Secret>>) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, value instanceof Secret ? value.reveal() : value]),
    )
  const provider: unknown = make({
    // Others have names of their own, by which they are known here: what they are told and how they count goes by it.
    ...(name === COMPATIBLE ? { name: id } : {}),
    // Streams of openai-compatible count nothing otherwise; others do not look.
    includeUsage: true,
    fetch: providerFetch(answerBytesMax),
    ...(apiKey === null ? {} : { apiKey: apiKey.reveal() }),
    ...(baseUrl === '' ? {} : { baseURL: baseUrl }),
    ...(Object.keys(headers).length === 0 ? {} : { headers: revealed(headers) }),
    ...revealed(options),
  })
  return providerOf(provider) ?? raise(broken(`package ${name} makes no provider of language models`))
}

function factoryOf(found: unknown, name: string | null): ((options: object) => unknown) | null {
  if (!isRecord(found)) return null
  const functions = Object.entries(found).flatMap(([key, value]) =>
    (name === null ? /^create[A-Z]/.test(key) : key === name) && isFunction(value) ? [value] : [],
  )
  const [first, ...others] = new Set(functions)
  return first !== undefined && others.length === 0 ? first : null
}

function isFunction(value: unknown): value is (...given: readonly unknown[]) => unknown {
  return typeof value === 'function'
}

/** A provider is a function, or has one that gives language models. */
export function providerOf(provider: unknown): AiSdkProvider | null {
  const call = isFunction(provider)
    ? provider
    : isRecord(provider) && isFunction(provider.languageModel)
      ? provider.languageModel.bind(provider)
      : null
  return call === null ? null : (modelId) => checkModel(call(modelId))
}

/** @throws UpstreamFailure for what is no model of a specification that is known here */
export function checkModel(model: unknown): AiSdkModel {
  if (isModel(model)) return model
  const version = isRecord(model) ? String(model.specificationVersion) : typeof model
  throw broken(`expected a language model of specification v2, v3 or v4, got ${version}`)
}

function isModel(model: unknown): model is AiSdkModel {
  return (
    typeof model === 'object' &&
    model !== null &&
    'specificationVersion' in model &&
    ['v2', 'v3', 'v4'].some((version) => version === model.specificationVersion) &&
    'provider' in model &&
    typeof model.provider === 'string' &&
    'doGenerate' in model &&
    isFunction(model.doGenerate) &&
    'doStream' in model &&
    isFunction(model.doStream)
  )
}

/** Why, for the operator; clients are told that it was refused and no more. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

function broken(message: string): UpstreamFailure {
  const failure = new UpstreamFailure('operator', 'upstream_refused', 502, 'the model is set up wrongly')
  failure.cause = new SetupError(message)
  return failure
}

function raise(error: Error): never {
  throw error
}
