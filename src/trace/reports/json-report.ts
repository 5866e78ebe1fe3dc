/** The report for programs, and its schema. */
import { dialectName } from '../evidence/dialects.ts'
import { pathOf, userOf } from '../evidence/names.ts'
import type { Finding } from '../model.ts'
import type { CachingStories } from './caching-stories.ts'
import {
  type Cell,
  type Column,
  findingColumns,
  recordOf,
  rollColumns,
  sessionColumns,
  sliceColumns,
  transactionColumns,
} from './columns.ts'
import type { Contention } from './contention.ts'
import { holderText } from './list.ts'
import type { Overview } from './overview.ts'
import { ROLLS, timeSlices } from './rolls.ts'
import type { ReportData } from './text-report.ts'

/** Changes when a field goes or means something else; new fields leave it. */
const REPORT_FORMAT = 'smbkit-trace-1'

const MOST = 100
const WAITS = ['lockWaits', 'lockRefusals', 'sharingViolations', 'creditWaits'] as const
const NS_PER_SECOND = 1e9

/** The whole report as a plain value. */
export function jsonReport({ files, summary, overview, findings }: ReportData): object {
  const problems = findings.filter(({ severity }) => severity !== 'note')
  return {
    format: REPORT_FORMAT,
    files,
    frames: summary.frames,
    start: summary.startNs === undefined ? null : new Date(Number(summary.startNs / 1_000_000n)).toISOString(),
    seconds: overview.lastNs / 1e9,
    damaged: summary.problems,
    healthy: problems.length === 0,
    traffic: trafficOf(overview),
    findings: findings.map(findingOf),
    sessions: overview.logons.slice(0, MOST).map((session) => plain(sessionColumns, session)),
    caching: cachingJson(overview.caching),
    waits: waitsJson(overview.contention),
    slowest: overview.slowest.map((transaction) => plain(transactionColumns, transaction)),
    overTime: timeSlices(overview).map((slice) => plain(sliceColumns, slice)),
    busiest: Object.fromEntries(
      ROLLS.map((by) => [by, overview.busiest(by, MOST, ({ count }) => count).map((roll) => plain(rollColumns, roll))]),
    ),
  }
}

const trafficOf = (overview: Overview) => ({
  connections: overview.conversations,
  sessions: overview.sessions,
  requests: overview.transactions,
  errors: overview.failures,
  unanswered: overview.unanswered,
  dialects: [...overview.dialects],
  mechanisms: [...overview.mechanisms],
  clients: [...overview.clients],
  kerberosExchanges: overview.kerberosExchanges,
  connectionsWithoutBeginning: overview.withoutBeginning,
  connectionsWithoutClient: overview.oneSided.client,
  connectionsWithoutServer: overview.oneSided.server,
  bytesNotCaptured: overview.missingBytes,
  messagesCut: overview.cutMessages,
  framingLost: overview.lostPlaces,
  framingLostAt: overview.lostAt ?? null,
  answersWithoutRequest: overview.answersAlone,
  sealedSessionsNotRead: overview.opaque,
})

/** Oplocks and leases: how many, and the lives of those that were broken. */
const cachingJson = ({ granted, broken, acknowledged, late, timedOut, uses, stories }: CachingStories) => ({
  ...{ granted, broken, acknowledged, late, timedOut },
  readAhead: uses['read-ahead'],
  writeBehind: uses['write-behind'],
  cachedReads: uses['cached-reads'],
  stories: stories.slice(0, MOST).map(({ kind, key, holder, steps, waiting }) => ({
    kind,
    key: key ?? null,
    path: pathOf(holder),
    user: userOf(holder.session),
    client: holder.conversation.client.address,
    steps: steps.map(({ what, state, at, afterNs }) => ({
      ...{ what, state, frame: at.frame, time: at.timeNs / NS_PER_SECOND },
      after: afterNs === undefined ? null : afterNs / NS_PER_SECOND,
    })),
    waiting: waiting.flatMap(({ request }) => (request === undefined ? [] : [request.last.frame])),
  })),
})

/** What requests waited for, or were refused for: how often, how long, and the worst of them. */
const waitsJson = (contention: Contention) =>
  Object.fromEntries(
    WAITS.map((name) => {
      const { count, totalNs, worst } = contention[name]
      const heldBy = worst?.heldBy.map((holder) => ({ who: holderText(holder), frame: holder.frame })) ?? []
      return [name, { count, seconds: totalNs / NS_PER_SECOND, frame: worst?.request?.last.frame ?? null, heldBy }]
    }),
  )

/** A finding as a plain value. */
const findingOf = ({ rule, severity, title, frames, count, cause, advice, conversation }: Finding) => ({
  rule,
  severity,
  title,
  frames,
  count,
  cause,
  advice,
  conversation:
    conversation === undefined
      ? null
      : {
          stream: conversation.stream,
          client: conversation.client,
          server: conversation.server,
          dialect: conversation.dialect === undefined ? null : dialectName(conversation.dialect.value),
        },
})

/** A record that JSON can hold: numbers of 64 bits are text. */
export const plain = <T>(columns: readonly Column<T>[], row: T): Record<string, Exclude<Cell, bigint>> =>
  Object.fromEntries(
    Object.entries(recordOf(columns, row)).map(([name, cell]) => [
      name,
      typeof cell === 'bigint' ? String(cell) : cell,
    ]),
  )

const TYPES: Readonly<Record<Column<never>['type'], string>> = {
  text: 'string',
  integer: 'integer',
  unsigned: 'string',
  seconds: 'number',
  number: 'number',
  boolean: 'boolean',
}

function recordSchema<T>(columns: readonly Column<T>[]): object {
  const properties = columns.map(({ name, type, about }) => [name, { type: [TYPES[type], 'null'], description: about }])
  return { type: 'object', properties: Object.fromEntries(properties), required: columns.map(({ name }) => name) }
}

const array = (items: object): object => ({ type: 'array', items })
const text = { type: 'string' }
const integer = { type: 'integer' }
const number = { type: 'number', description: 'seconds' }
const object = (properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})

function cachingSchema(): object {
  const step = object({
    what: text,
    state: text,
    frame: integer,
    time: number,
    after: { ...number, type: ['number', 'null'] },
  })
  const key = { type: ['string', 'null'], description: 'key of a lease' }
  const kind = { enum: ['oplock', 'lease'] }
  const waiting = { ...array(integer), description: 'frames of requests that waited for a break' }
  const story = object({ kind, key, path: text, user: text, client: text, steps: array(step), waiting })
  const names = ['granted', 'broken', 'acknowledged', 'late', 'timedOut', 'readAhead', 'writeBehind', 'cachedReads']
  return object({ ...Object.fromEntries(names.map((name) => [name, integer])), stories: array(story) })
}

function waitsSchema(): object {
  const frame = { type: ['integer', 'null'], description: 'the worst of them' }
  const one = object({ count: integer, seconds: number, frame, heldBy: array(object({ who: text, frame: integer })) })
  return object(Object.fromEntries(WAITS.map((name) => [name, one])))
}

/** The JSON Schema (2020-12) of the report. */
export function reportSchema(): object {
  const advice = { type: 'object', properties: { where: text, text }, required: ['where', 'text'] }
  const finding = {
    type: 'object',
    properties: {
      ...Object.fromEntries(
        findingColumns.slice(0, 4).map(({ name, type, about }) => [name, { type: TYPES[type], description: about }]),
      ),
      severity: { enum: ['problem', 'warning', 'note'], description: 'how bad it is' },
      frames: array(integer),
      cause: text,
      advice: array(advice),
      conversation: { type: ['object', 'null'] },
    },
    required: ['rule', 'severity', 'title', 'frames', 'count', 'cause', 'advice', 'conversation'],
  }
  const properties = {
    format: { const: REPORT_FORMAT },
    files: array(text),
    frames: integer,
    start: { type: ['string', 'null'], description: 'time of the first frame, ISO 8601' },
    seconds: { type: 'number', description: 'from the first frame to the last of SMB' },
    damaged: array({ type: 'object', properties: { file: integer, problem: text }, required: ['file', 'problem'] }),
    healthy: { type: 'boolean', description: 'neither problems nor warnings' },
    traffic: { type: 'object' },
    findings: array(finding),
    sessions: array(recordSchema(sessionColumns)),
    caching: { ...cachingSchema(), description: 'oplocks and leases: those that were broken first' },
    waits: { ...waitsSchema(), description: 'what requests waited for, or were refused for, because of others' },
    slowest: array(recordSchema(transactionColumns)),
    overTime: array(recordSchema(sliceColumns)),
    busiest: {
      type: 'object',
      properties: Object.fromEntries(ROLLS.map((by) => [by, array(recordSchema(rollColumns))])),
      required: ROLLS,
    },
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Report of smbkit trace',
    type: 'object',
    properties,
    required: Object.keys(properties),
  }
}
