/** Transactions in lines. */

import { accessNames } from '../evidence/access.ts'
import { durationOf, sizeOf, statusOf } from '../evidence/names.ts'
import type { Detail, Fact, Transaction } from '../model.ts'

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
    transaction.response === undefined ? 'no answer' : statusOf(transaction).replace(/^STATUS_/, ''),
    whatOf(transaction),
  ])

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
export function whatOf({ path, tree, detail, dataBytes, session }: Transaction): string {
  const parts: string[] = []
  if (detail.kind === 'tree-connect') parts.push(detail.path)
  else if (path !== undefined)
    parts.push(path.value === '' ? (tree?.path === undefined ? '' : shown(tree.path)) : shown(path))
  if (detail.kind === 'session-setup' && session?.user !== undefined) parts.push(session.user.value)
  const more = detailText(detail)
  if (more !== '') parts.push(more)
  if (dataBytes > 0 && detail.kind !== 'read' && detail.kind !== 'write') parts.push(sizeOf(dataBytes))
  return parts.filter((part) => part !== '').join('  ')
}

function detailText(detail: Detail): string {
  switch (detail.kind) {
    case 'create':
      return accessNames(detail.desiredAccess).replace(/ \(.*$/, '')
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
      return detail.isLease ? 'lease' : 'oplock'
    default:
      return ''
  }
}
