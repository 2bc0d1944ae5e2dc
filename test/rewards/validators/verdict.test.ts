import { describe, expect, it } from 'vitest'
import { CollectedAnswer } from '../../../src/rewards/validators/collected-answer.js'
import { contractOf } from '../../../src/rewards/validators/contract.js'
import { keeps } from '../../../src/rewards/validators/verdict.js'

const chat = (message: object) => ({ choices: [{ index: 0, message, finish_reason: 'stop' }] })
const custom = { id: 'c', type: 'custom', custom: { name: 'shell', input: 'ls -l' } }

describe('what was asked', () => {
  const kept = (surface: 'chat' | 'responses', body: object, answer: object) => {
    const collected = new CollectedAnswer()
    collected.add(surface, answer as never)
    return keeps(contractOf(surface, body as never), collected)
  }

  it('is not kept by thinking alone, where JSON was asked for', () => {
    const body = { response_format: { type: 'json_object' } }
    expect(kept('chat', body, chat({ content: null, reasoning: '{"a":1}' }))).toBe(false)
    expect(kept('chat', body, chat({ content: '{"a":1}' }))).toBe(true)
  })

  it('is a text of any form where a tool takes one, and a tool that there is', () => {
    const tools = [
      { type: 'custom', custom: { name: 'shell' } },
      { type: 'function', function: { name: 'f', parameters: { type: 'object' } } },
    ]
    const calls = (...tool_calls: object[]) => chat({ content: null, tool_calls })
    expect(kept('chat', { tools }, calls(custom))).toBe(true)
    expect(kept('chat', { tools }, calls({ ...custom, custom: { name: 'other', input: '' } }))).toBe(false)
    expect(kept('chat', { tools }, calls({ function: { name: 'f', arguments: 'ls' } }))).toBe(false)
    const flat = [{ type: 'custom', name: 'shell' }]
    const call = (name: string) => ({ output: [{ type: 'custom_tool_call', name, input: 'ls' }] })
    expect(kept('responses', { tools: flat }, call('shell'))).toBe(true)
    expect(kept('responses', { tools: flat }, call('other'))).toBe(false)
  })

  it.each([
    ['no numbers', undefined],
    ['one number', 0],
  ])('is kept by several calls in pieces that have %s', (_, index) => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { required: ['a'] } } }]
    const collected = new CollectedAnswer()
    const piece = (id: string | undefined, name: string | undefined, args: string) =>
      collected.add('chat', {
        choices: [{ index: 0, delta: { tool_calls: [{ index, id, function: { name, arguments: args } }] } }],
      })
    piece('1', 'f', '{"a"')
    // Some say a name once, and an id that they make up with each piece.
    piece('made up', undefined, ':1}')
    piece('2', 'f', '')
    piece('2', undefined, '{"a":2')
    piece(undefined, '', '}')
    expect([...collected.calls.values()].map(({ args }) => args)).toEqual(['{"a":1}', '{"a":2}'])
    expect(keeps(contractOf('chat', { tools }), collected)).toBe(true)
  })

  it('has the tools of its namespaces, and any where they are searched for', () => {
    const parameters = { type: 'object', required: ['id'] }
    const find = { type: 'function', name: 'find', parameters }
    const tools = [{ type: 'namespace', name: 'crm', tools: [find] }]
    const call = (name: string, args: string) => ({
      output: [{ type: 'function_call', namespace: 'crm', name, arguments: args }],
    })
    expect(kept('responses', { tools }, call('find', '{"id":1}'))).toBe(true)
    expect(kept('responses', { tools }, call('find', '{}'))).toBe(false)
    expect(kept('responses', { tools }, call('other', '{}'))).toBe(false)
    const searched = [...tools, { type: 'tool_search' }]
    expect(kept('responses', { tools: searched }, call('other', '{}'))).toBe(true)
  })
})
