import type { DashboardData } from '../../../src/gateway/dashboard/shape.js'
import { count, counted, milliseconds, percent, plain } from '../../shared/format.js'
import { Name } from '../../shared/name.js'
import { Table } from '../../shared/table.js'
import { Nothing, Panel } from '../panel.js'

interface Shown {
  readonly shown: DashboardData
}

const NOT_IN_LOGS =
  'A log has decisions, bills and rewards. This is known to a gateway alone: see its own dashboard.'

/** Requests that the first model did not answer. */
export function EscalationsPanel({ shown: { traffic } }: Shown) {
  return (
    <Panel id="escalations-panel" title="Escalations">
      {traffic === null ? (
        <Nothing>{NOT_IN_LOGS}</Nothing>
      ) : (
        <>
          <p class="big">
            <b data-figure="moved-on">{count(traffic.movedOn)}</b> of {count(traffic.requests)} requests
          </p>
          <p>
            went on to another model since the first one failed, {count(traffic.retries)} calls more in all.
            No answer is asked for again because it was weak.
          </p>
          <p class="quiet">
            {count(traffic.answered)} answered, {count(traffic.refused)} refused, {count(traffic.failed)}{' '}
            failed, {count(traffic.cancelled)} broken off by their clients.
          </p>
        </>
      )}
    </Panel>
  )
}

/** Conversations, and what of prompts was cached. */
export function ConversationsPanel({ shown: { traffic } }: Shown) {
  return (
    <Panel id="conversations-panel" title="Conversations and caches">
      {traffic === null ? (
        <Nothing>{NOT_IN_LOGS}</Nothing>
      ) : (
        <>
          <p class="big">
            <b data-figure="conversations">{count(traffic.conversations)}</b>{' '}
            {traffic.conversations === 1 ? 'conversation' : 'conversations'}
          </p>
          <p>
            {traffic.inConversations === 0
              ? 'No request named its conversation.'
              : `${counted(traffic.inConversations, 'request')} named ${traffic.inConversations === 1 ? 'its own' : 'theirs'}.`}{' '}
            {traffic.inputTokens === 0
              ? 'No tokens were counted.'
              : `${percent(traffic.cachedInputTokens / traffic.inputTokens)} of ${count(traffic.inputTokens)} input tokens came from caches of providers.`}
          </p>
          <p class="quiet">
            {traffic.meanFirstTokenMs === null
              ? 'No answer was streamed.'
              : `First token after ${milliseconds(traffic.meanFirstTokenMs)}, the mean of ${count(traffic.firstTokens)} streams.`}
          </p>
        </>
      )}
    </Panel>
  )
}

/** Who rewards. */
export function FeedbackPanel({ shown: { traffic, stats } }: Shown) {
  const rewarded = stats.models.reduce((sum, model) => sum + model.rewarded, 0)
  return (
    <Panel id="feedback-panel" title="Feedback by source">
      {traffic === null ? (
        <Nothing>
          The log has {counted(rewarded, 'reward')}, and does not say whose. {NOT_IN_LOGS}
        </Nothing>
      ) : traffic.feedback.length === 0 ? (
        <Nothing>No reward was given since this gateway was started.</Nothing>
      ) : (
        <Table
          label="rewards by their source"
          rows={traffic.feedback}
          keyOf={({ source }) => source}
          rowProps={({ source }) => ({ 'data-source': source })}
          columns={[
            { name: 'source', isHead: true, cell: ({ source }) => <Name text={source} /> },
            { name: 'given', isNumber: true, cell: ({ rewards }) => count(rewards) },
            { name: 'mean', isNumber: true, cell: ({ meanReward }) => plain(meanReward) },
          ]}
        />
      )}
      {traffic !== null && <p class="quiet">{counted(rewarded, 'reward')} in all to learn from.</p>}
    </Panel>
  )
}
