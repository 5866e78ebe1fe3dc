import { ntStatusName } from '../erref/ntstatus.ts'
import type { FieldNode } from '../schema/index.ts'
import { dissectSmb1 } from './dissect.ts'
import { Smb1Status } from './status.ts'

/**
 * One message in one line for people: its commands in their order, what a transaction is for, and the path. Damaged
 * messages give a line too. The text is for reading: programs should not take it apart.
 */
export function summarizeSmb1(view: DataView): string {
  const [, ...commands] = dissectSmb1(view)
  return commands.length === 0 ? 'malformed message of SMB1' : commands.map(describe).join(' + ')
}

function describe({ label, children }: FieldNode): string {
  const transaction = children.find((node) => node.label.startsWith('TRANS2_'))
  const name = [...children, ...(transaction?.children ?? [])].find((node) => NAMES.has(node.label))
  const what = transaction === undefined ? '' : ` ${transaction.label.replace(/ parameters$/, '')}`
  return `${label.replace(/ (Request|Response)$/, '')}${what}${name === undefined ? '' : ` ${name.display}`}`
}

const NAMES: ReadonlySet<string> = new Set(['name', 'fileName', 'path'])

/** `STATUS_NO_SUCH_FILE`, or what only SMB1 has: `SMB_BAD_UID`. */
export function smb1StatusName(status: number): string {
  const own = Object.entries(Smb1Status).find(([, code]) => code === status)
  return own === undefined ? ntStatusName(status) : `SMB_${own[0]}`
}
