/** The report for programs, and its schema. */
import { dialectName } from '../evidence/dialects.ts'
import type { Finding } from '../model.ts'
import { type Cell, type Column, findingColumns, recordOf, rollColumns, transactionColumns } from './columns.ts'
import type { Overview, RollBy } from './overview.ts'
import type { ReportData } from './text-report.ts'

/** Changes when a field goes or means something else; new fields leave it. */
export const REPORT_FORMAT = 'smbkit-trace-1'

const MOST = 100
const ROLLS: readonly RollBy[] = ['server', 'share', 'user', 'file', 'command', 'status']

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
    slowest: overview.slowest.map((transaction) => plain(transactionColumns, transaction)),
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
  bytesNotCaptured: overview.missingBytes,
  sealedSessionsNotRead: overview.opaque,
})

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
  boolean: 'boolean',
}

function recordSchema<T>(columns: readonly Column<T>[]): object {
  const properties = columns.map(({ name, type, about }) => [name, { type: [TYPES[type], 'null'], description: about }])
  return { type: 'object', properties: Object.fromEntries(properties), required: columns.map(({ name }) => name) }
}

const array = (items: object): object => ({ type: 'array', items })
const text = { type: 'string' }
const integer = { type: 'integer' }

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
    slowest: array(recordSchema(transactionColumns)),
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
