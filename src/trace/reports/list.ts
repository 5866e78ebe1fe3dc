/** Transactions in lines. */

import { accessNames } from '../evidence/access.ts'
import { durationOf, sizeOf, statusOf, userOf } from '../evidence/names.ts'
import type { Fact, Holder, Transaction } from '../model.ts'
import { grantedName, levelName } from './caching-names.ts'

const WIDTHS = [9, 7, 7, 4, 18, 9, 26] as const

const HEAD = ['TIME', 'REQUEST', 'ANSWER', 'CONN', 'COMMAND', 'TOOK', 'STATUS', 'WHAT']

/** The line above a list. */
export const listHead = (): string => lineOf(HEAD)

/** A transaction in a line: when, frames, connection, command, how long, what came of it, and what it was about. */
export const listLine = (transaction: Transaction): string =>
  lineOf([
    ((transaction.request?.last.timeNs ?? transaction.response?.last.timeNs ?? 0) / 1e9).toFixed(4),
    String(transaction.request?.last.frame ?? '-'),
    String(transaction.response?.last.frame ?? '-'),
    String(transaction.conversation.stream),
    transaction.commandName,
    transaction.time.responseNs === undefined ? '-' : durationOf(transaction.time.responseNs),
    outcomeOf(transaction),
    whatOf(transaction),
  ])

function outcomeOf(transaction: Transaction): string {
  // SMB1 breaks oplocks by requests that have no status, and no answer either.
  if (transaction.detail.kind === 'break' && transaction.status === undefined) return '-'
  return transaction.response === undefined ? 'no answer' : statusOf(transaction).replace(/^STATUS_/, '')
}

function lineOf(cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = WIDTHS[index] ?? 0
    return index < 4 || index === 5 ? cell.padStart(width) : cell.padEnd(width)
  })
  return padded.join('  ').trimEnd()
}

/** What was not in the packet stands in brackets. */
const shown = (known: Fact<string>): string => (known.isInferred ? `[${known.value}]` : known.value)

/** What a transaction is about: its path, and what was asked. */
export function whatOf(transaction: Transaction): string {
  const { path, tree, detail, dataBytes, session } = transaction
  const parts: string[] = []
  if (detail.kind === 'tree-connect') parts.push(detail.path)
  else if (path !== undefined)
    parts.push(path.value === '' ? (tree?.path === undefined ? '' : shown(tree.path)) : shown(path))
  if (detail.kind === 'session-setup' && session?.user !== undefined) parts.push(shown(session.user))
  const more = detailText(transaction)
  if (more !== '') parts.push(more)
  if (dataBytes > 0 && detail.kind !== 'read' && detail.kind !== 'write') parts.push(sizeOf(dataBytes))
  parts.push(...inferences(transaction))
  return parts.filter((part) => part !== '').join('  ')
}

/** Waits that are shorter are told nobody. */
const MIN_WAIT_NS = 1e6

/** What no packet says by itself: who was in the way, what the cache has to do with it, waiting for credits. */
function inferences({ heldBy, cacheUse, time }: Transaction): string[] {
  const parts = heldBy.slice(0, 2).map((holder) => `[held by ${holderText(holder)}]`)
  if (cacheUse !== undefined) parts.push(`[${cacheUse}]`)
  const { creditWaitNs = 0 } = time
  if (creditWaitNs >= MIN_WAIT_NS) parts.push(`[waited ${durationOf(creditWaitNs)} for credits]`)
  return parts
}

/** `CORP\bernd from 10.0.0.6, frame 12`, or what of the file is locked. */
export function holderText({ open, lock, frame }: Holder): string {
  const { session, conversation } = open.openedBy ?? {}
  const from = conversation === undefined ? '' : ` from ${conversation.client.address}`
  const locked = lock === undefined ? '' : `, ${lock.length} bytes at ${lock.offset}`
  return `${userOf(session)}${from}${locked}, frame ${frame}`
}

function detailText(transaction: Transaction): string {
  const { detail, protocol } = transaction
  switch (detail.kind) {
    case 'create': {
      const granted = grantedName(transaction)
      const asked = accessNames(detail.desiredAccess).replace(/ \(.*$/, '')
      return granted === 'nothing' ? asked : `${asked}  ${granted}`
    }
    case 'read':
    case 'write':
      return `${detail.length} bytes at ${detail.offset}`
    case 'ioctl':
      return detail.controlName
    case 'query-directory':
      return `${detail.pattern}${detail.entries === undefined ? '' : `, ${detail.entries} entries`}`
    case 'set-info':
      return detail.newName === undefined ? (detail.deletePending === true ? 'delete' : '') : `to ${detail.newName}`
    case 'session-setup':
      return detail.mechanism ?? ''
    case 'negotiate':
      return detail.dialectNames.join(', ')
    case 'lock':
      return detail.locks.map(({ offset, length }) => `${length} bytes at ${offset}`).join(', ')
    case 'break':
      return `${detail.isLease ? 'lease' : 'oplock'} to ${levelName(protocol, detail).replace(/^lease | oplock$/, '')}`
    default:
      return ''
  }
}
