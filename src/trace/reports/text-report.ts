/** The report for the terminal. */
import {
  countOf,
  durationOf,
  listOf,
  pathOf,
  shareOf,
  sizeOf,
  statusOf,
  timesOf,
  UNKNOWN_USER,
  userOf,
} from '../evidence/names.ts'
import type { CaptureSummary } from '../iterate.ts'
import type { Advice, Finding, Severity } from '../model.ts'
import { cachingLines } from './caching-text.ts'
import { contentionLines } from './contention.ts'
import type { Overview } from './overview.ts'
import { rollTable, throughputLine } from './rolls.ts'
import { textTable } from './text-table.ts'
import { wrap } from './wrap.ts'

/** What a report is made of. */
export interface ReportData {
  readonly files: readonly string[]
  readonly summary: CaptureSummary
  readonly overview: Overview
  readonly findings: readonly Finding[]
}

const WIDTH = 100
const MOST = 8
/** Answers that took less are not worth a list. */
const MIN_SLOW_NS = 1e6

const TITLES: Readonly<Record<Severity, string>> = { problem: 'PROBLEM', warning: 'WARNING', note: 'NOTE' }
/** How the places of advice are called. */
export const PLACES: Readonly<Record<Advice['where'], string>> = {
  windows: 'Windows',
  samba: 'Samba',
  smbkit: 'smbkit',
  network: 'Network',
  user: 'Try',
}

/** What is this, is it healthy, what is wrong, what is slow, who is busy. */
export function textReport({ files, summary, overview, findings }: ReportData): string {
  const health = reportHealth(overview, findings)
  const head = reportHead({ files, summary, overview, findings }).map((line) => `${wrap(line, WIDTH)}\n`)
  const parts = [head.join(''), health === '' ? '' : `${health}\n`]
  parts.push(...findingTexts(findings))
  if (overview.transactions > 0)
    parts.push(actionsText(overview), sharedText(overview), slowText(overview), busyText(overview))
  return parts.filter((part) => part !== '').join('\n')
}

/** What this is, in sentences; the first has the names of the files. */
export function reportHead({ files, summary, overview }: ReportData): string[] {
  const lines: string[] = []
  const start = summary.startNs === undefined ? '' : `, from ${timeText(summary.startNs)}`
  lines.push(`${listOf(files)}: ${countOf(summary.frames, 'frame')} in ${durationOf(overview.lastNs)}${start}`)
  for (const { file, problem } of summary.problems)
    lines.push(`Beware: ${files[file] ?? 'a file'} ${PROBLEMS[problem]}.`)
  if (overview.conversations > 0) lines.push(...trafficLines(overview))
  if (overview.kerberosExchanges > 0)
    lines.push(`Kerberos: ${countOf(overview.kerberosExchanges, 'exchange')} with ${listOf(overview.kdcs)}.`)
  if (overview.conversations === 0 && overview.kerberosExchanges === 0) lines.push('No SMB was found in it.')
  lines.push(...unseenLines(overview))
  if (overview.opaque > 0)
    lines.push(
      `Sealed: ${countOf(overview.opaque, 'session')} cannot be read without a key (--key, --password, --keytab).`,
    )
  lines.push(...ticketLines(overview))
  return lines
}

/** Which exchange with a KDC the sessions by Kerberos come of. */
function ticketLines({ logons }: Overview): string[] {
  const found = logons.filter(({ ticket }) => ticket?.response !== undefined)
  const lines = found.slice(0, MOST).map((session) => {
    const { ticket, serviceName, first } = session
    const to = serviceName?.value ?? ticket?.serviceName ?? 'a service'
    return `Logon at frame ${first.frame}: ${userOf(session)} with the ticket for ${to} that ${ticket?.kdc.address ?? '?'} gave in frame ${ticket?.response?.frame ?? '?'}.`
  })
  return found.length > MOST ? [...lines, `and ${found.length - MOST} more logons by Kerberos.`] : lines
}

/** What the capture does not have, or could not be read. */
function unseenLines(overview: Overview): string[] {
  const { withoutBeginning, missingBytes, oneSided, lostPlaces, lostAt, cutMessages, answersAlone } = overview
  const lines: string[] = []
  if (withoutBeginning > 0)
    lines.push(
      `Not captured: the beginning of ${countOf(withoutBeginning, 'connection')}; what [stands in brackets] was inferred.`,
    )
  for (const [end, count] of Object.entries(oneSided))
    if (count > 0)
      lines.push(
        `Not captured: what the ${end} says in ${countOf(count, 'connection')}; the other half alone is there.`,
      )
  if (missingBytes > 0)
    lines.push(
      `Not captured: ${sizeOf(missingBytes)} inside connections (cut packets, or lost by whoever captured); what lay there is unknown.`,
    )
  if (cutMessages > 0) lines.push(`Cut: ${countOf(cutMessages, 'message')}, of which only what was captured is read.`)
  if (lostPlaces > 0)
    lines.push(
      `Lost: where a message begins, ${timesOf(lostPlaces)} (first at frame ${lostAt ?? '?'}); what came before the next one was passed over.`,
    )
  if (answersAlone > 0) lines.push(`Not captured: the requests of ${countOf(answersAlone, 'answer')}.`)
  return lines
}

function trafficLines(overview: Overview): string[] {
  const busiest = overview.busiest('server', MOST, ({ count }) => count).map(({ name }) => name)
  // Who was never answered has no requests.
  const servers = busiest.length === 0 ? overview.servers : busiest
  const users = overview
    .busiest('user', MOST, ({ count }) => count)
    .map(({ name }) => name)
    .filter((name) => name !== UNKNOWN_USER)
  const bytes = [...overview.rolls.server.values()].reduce((sum, roll) => sum + roll.bytes, 0)
  const dialects = overview.dialects.size === 0 ? 'SMB' : `SMB ${listOf(overview.dialects)}`
  // Being anonymous is no way to prove who one is.
  const ways = [...overview.mechanisms].filter((name) => name !== 'anonymous')
  const by = ways.length === 0 ? '' : ` by ${listOf(ways)}`
  // The ticket has the name, sealed.
  const nobody = ways.includes('Kerberos')
    ? 'somebody by Kerberos (a ticket hides the name; --keytab opens it)'
    : 'no logon was seen'
  return [
    `${dialects}: ${listOf(overview.clients)} at ${listOf(servers)}, ${countOf(overview.conversations, 'connection')}; ${
      users.length === 0 ? nobody : `${listOf(users)}${by}`
    }.`,
    `${countOf(overview.transactions, 'request')}, ${sizeOf(bytes)} of data, ${overview.failures === 0 ? 'no errors' : countOf(overview.failures, 'error')}${
      overview.unanswered === 0 ? '' : `, ${overview.unanswered} without an answer`
    }.`,
  ]
}

const PROBLEMS: Readonly<Record<CaptureSummary['problems'][number]['problem'], string>> = {
  empty: 'is empty',
  'not a capture': 'is no capture (pcap or pcapng)',
  damaged: 'is damaged, and was read as far as it goes',
  cut: 'ends within a packet',
}

/** `2026-11-20 14:05:09 UTC`. */
function timeText(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n))
  return Number.isNaN(date.getTime()) ? 'an unknown time' : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Whether it is healthy, in a sentence; empty where nothing was found to judge. */
export function reportHealth(overview: Overview, findings: readonly Finding[]): string {
  const counts = { problem: 0, warning: 0, note: 0 }
  for (const { severity } of findings) counts[severity]++
  if (overview.conversations === 0 && overview.kerberosExchanges === 0 && findings.length === 0) return ''
  if (counts.problem > 0 || counts.warning > 0) {
    const parts = [
      ...(counts.problem > 0 ? [countOf(counts.problem, 'problem')] : []),
      ...(counts.warning > 0 ? [countOf(counts.warning, 'warning')] : []),
      ...(counts.note > 0 ? [countOf(counts.note, 'note')] : []),
    ]
    return `Not healthy: ${parts.join(', ')}.`
  }
  const notes = counts.note === 0 ? '' : ` ${countOf(counts.note, 'note')} on what could be better.`
  const { client, server } = overview.oneSided
  const isWhole = overview.opaque + overview.missingBytes + client + server === 0
  return `Healthy: nothing in it is wrong or slow${isWhole ? '' : ', as far as it can be read'}.${notes}`
}

/** Findings with their frames, causes and what to do, which is told once where several of a rule have the same. */
export function findingTexts(findings: readonly Finding[]): string[] {
  const advised = new Map<string, string>()
  return findings.map((finding) => {
    const advice = JSON.stringify(finding.advice)
    const isAdvised = advised.get(finding.rule) === advice
    advised.set(finding.rule, advice)
    return findingText(finding, isAdvised)
  })
}

function findingText(finding: Finding, isAdvised: boolean): string {
  const lines = [wrap(`${TITLES[finding.severity]}: ${finding.title}`, WIDTH)]
  const frames = finding.frames.slice(0, 10).join(', ')
  const more = finding.frames.length > 10 ? ' ...' : ''
  if (frames !== '')
    lines.push(
      `  ${finding.frames.length === 1 ? 'Frame' : 'Frames'} ${frames}${more}; seen ${timesOf(finding.count)}; rule ${finding.rule}`,
    )
  lines.push(wrap(finding.cause, WIDTH, '  '))
  if (isAdvised) lines.push('  What to do is as above.')
  for (const { where, text } of isAdvised ? [] : finding.advice)
    lines.push(`  ${`${PLACES[where]}:`.padEnd(9)}${wrap(text, WIDTH, ' '.repeat(11)).trimStart()}`)
  return `${lines.join('\n')}\n`
}

/** What users did: renames that make room for a new version are part of saving it. */
function actionsText({ actions }: Overview): string {
  if (actions.length === 0) return ''
  const told = actions.slice(0, MOST).map(({ kind, user, path, to, frames }) => {
    const what = to === undefined ? path : `${path} to ${to}`
    return `${wrap(`${user} ${kind} ${what} (${frames.length === 1 ? 'frame' : 'frames'} ${frames.join(', ')})`, WIDTH)}\n`
  })
  const more = actions.length > MOST ? `and ${actions.length - MOST} more\n` : ''
  return `What was done to files, beside reading and writing:\n${told.join('')}${more}`
}

/** What clients share: caches, locks, files in use, credits. */
function sharedText({ caching, contention }: Overview): string {
  const lines = [...cachingLines(caching), ...contentionLines(contention)]
  return lines
    .map((line) => `${wrap(line, WIDTH, line.startsWith(' ') ? '    ' : '').replace(/^ {4}/, '  ')}\n`)
    .join('')
}

function slowText(overview: Overview): string {
  const slowest = overview.slowest.filter(({ time }) => (time.responseNs ?? 0) >= MIN_SLOW_NS).slice(0, MOST)
  if (slowest.length === 0) return ''
  const rows = slowest.map((transaction) => [
    durationOf(transaction.time.responseNs ?? 0),
    String(transaction.request?.last.frame ?? '-'),
    String(transaction.response?.last.frame ?? '-'),
    transaction.commandName,
    statusOf(transaction).replace('STATUS_', ''),
    transaction.path === undefined ? (transaction.tree === undefined ? '' : shareOf(transaction)) : pathOf(transaction),
  ])
  const columns = [
    { title: 'TIME', right: true },
    { title: 'REQUEST', right: true },
    { title: 'ANSWER', right: true },
    { title: 'COMMAND' },
    { title: 'STATUS' },
    { title: 'WHAT' },
  ]
  return `Slowest answers (waiting for changes, locks and pipes left out):\n${textTable(columns, rows, '  ')}`
}

function busyText(overview: Overview): string {
  const tables = (
    [
      ['command', MOST],
      ['file', MOST],
      ['user', 4],
      ['share', 4],
      ['server', 4],
      ['status', MOST],
    ] as const
  )
    // One server, and nothing but success, say nothing.
    .filter(([by]) => (by !== 'server' && by !== 'status') || overview.rolls[by].size > 1)
    .map(([by, most]) => rollTable(overview, by, most))
    .filter((table) => table !== '')
  const statuses = overview
    .busiest('status', MOST, ({ errors }) => errors)
    .filter(({ errors }) => errors > 0)
    .map(({ name, count }) => `${name} ${count}`)
  const errors = statuses.length === 0 ? '' : `${wrap(`Errors: ${statuses.join(', ')}`, WIDTH, '  ')}\n`
  const throughput = throughputLine(overview)
  const line = throughput === undefined ? '' : `${wrap(throughput, WIDTH, '  ')}\n`
  return `Busiest:\n${tables.join('\n')}${errors}${line}`
}
