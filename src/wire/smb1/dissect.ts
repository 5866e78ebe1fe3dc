import { WireError } from '../../bytes/errors.ts'
import { bytesOf } from '../../bytes/utf16.ts'
import type { FieldNode, Struct } from '../schema/index.ts'
import { smb1Body, smb1CommandName, smb1Words } from './bodies.ts'
import { SMB1_HEADER_SIZE, Smb1Command, Smb1Flags, Smb1Flags2, Smb1Header } from './header.ts'
import { type Smb1Link, smb1Chain } from './message.ts'
import { smb1Text } from './text.ts'
import {
  Smb1FileInformationParameters,
  Smb1FindFirst2Parameters,
  Smb1PathInformationParameters,
  Smb1Trans2Command,
} from './words.ts'

/** What is needed of a message to take its commands apart. */
interface Message {
  readonly view: DataView
  readonly fromServer: boolean
  readonly isUnicode: boolean
  readonly isExtended: boolean
}

/**
 * The field tree of one message: a node for the header, and one for each command of its chain. Tolerant: it shows what
 * can be read. `fromServer` is taken from the header where it is not given.
 */
export function dissectSmb1(view: DataView, fromServer?: boolean): FieldNode[] {
  const end = Math.min(SMB1_HEADER_SIZE, view.byteLength)
  const header = parent('SMB1 header', Smb1Header.spec, 0, end, Smb1Header.dissect(view, 0, end))
  if (view.byteLength < SMB1_HEADER_SIZE) return [header]
  const { flags, flags2 } = Smb1Header.read(view, 0)
  const message: Message = {
    view,
    fromServer: fromServer ?? (flags & Smb1Flags.REPLY) !== 0,
    isUnicode: (flags2 & Smb1Flags2.UNICODE) !== 0,
    isExtended: (flags2 & Smb1Flags2.EXTENDED_SECURITY) !== 0,
  }
  const nodes = [header]
  const links: Smb1Link[] = []
  try {
    for (const link of smb1Chain(view)) links.push(link)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    nodes.push({ ...parent('chain', error.spec, error.offset, error.offset, []), problem: error.message })
  }
  for (const [i, link] of links.entries()) nodes.push(commandNode(message, link, links[i + 1]?.at ?? view.byteLength))
  return nodes
}

function commandNode(message: Message, link: Smb1Link, end: number): FieldNode {
  const { view, fromServer } = message
  const { command, at, wordCount } = link
  const label = `SMB1 ${smb1CommandName(command)} ${fromServer ? 'Response' : 'Request'}`
  const body = smb1Body(command, wordCount, fromServer, message)
  if (body !== undefined) return parent(label, body.spec, at, end, body.dissect(view, at, end, 0))
  const wordsEnd = Math.min(at + 1 + wordCount * 2, end)
  const words = smb1Words(command, wordCount, fromServer)
  const children = [number('wordCount', view, at, 1)]
  if (words !== undefined) children.push(...words.dissect(view, at + 1, wordsEnd))
  else if (wordsEnd > at + 1) children.push(raw('words', view, at + 1, wordsEnd))
  if (wordsEnd + 2 > end) return parent(label, words?.spec ?? 'MS-CIFS 2.2.4', at, end, children)
  children.push(number('byteCount', view, wordsEnd, 2))
  children.push(...dataNodes(message, command, children, wordsEnd + 2, end))
  return parent(label, words?.spec ?? 'MS-CIFS 2.2.4', at, end, children)
}

/** What stands in the bytes of a command. */
function dataNodes(
  message: Message,
  command: number,
  fields: readonly FieldNode[],
  start: number,
  end: number,
): FieldNode[] {
  if (isTransaction.has(command)) return transactionNodes(message, command, fields, start, end)
  if (command === Smb1Command.READ_ANDX || command === Smb1Command.WRITE_ANDX) {
    const [offset, low] = [valueOf(fields, 'dataOffset'), valueOf(fields, 'dataLength')]
    const length = low + valueOf(fields, 'dataLengthHigh') * 0x1_0000
    return length > 0 && offset >= start ? [raw('data', message.view, offset, Math.min(offset + length, end))] : []
  }
  if (message.fromServer) return start < end ? [raw('data', message.view, start, end)] : []
  if (command === Smb1Command.NT_CREATE_ANDX || command === Smb1Command.OPEN_ANDX)
    return [text(message, 'name', start, end)]
  return byPath.has(command) ? formattedTexts(message, start, end) : []
}

const isTransaction: ReadonlySet<number> = new Set([
  Smb1Command.TRANSACTION,
  Smb1Command.TRANSACTION2,
  Smb1Command.NT_TRANSACT,
])

/** Commands whose bytes are texts, each with a format before it. MS-CIFS 2.2.4.2.1. */
const byPath: ReadonlySet<number> = new Set([
  Smb1Command.CREATE_DIRECTORY,
  Smb1Command.DELETE_DIRECTORY,
  Smb1Command.OPEN,
  Smb1Command.CREATE,
  Smb1Command.CREATE_NEW,
  Smb1Command.CREATE_TEMPORARY,
  Smb1Command.DELETE,
  Smb1Command.RENAME,
  Smb1Command.NT_RENAME,
  Smb1Command.CHECK_DIRECTORY,
  Smb1Command.QUERY_INFORMATION,
  Smb1Command.SET_INFORMATION,
  Smb1Command.TREE_CONNECT,
])
const TEXT_FORMAT = 0x04
/** RENAME has two; TREE_CONNECT three. */
const maxTexts = 3

function formattedTexts(message: Message, start: number, end: number): FieldNode[] {
  const nodes: FieldNode[] = []
  for (let at = start, n = 0; at < end && n < maxTexts && message.view.getUint8(at) === TEXT_FORMAT; n++) {
    const node = text(message, n === 0 ? 'name' : 'newName', at + 1, end)
    nodes.push(node)
    at = node.end
  }
  return nodes
}

/** Name, parameters and data of a transaction lie where its words say. MS-CIFS 2.2.4.33, 2.2.4.46, 2.2.4.62. */
function transactionNodes(
  message: Message,
  command: number,
  fields: readonly FieldNode[],
  start: number,
  end: number,
): FieldNode[] {
  const nodes: FieldNode[] = []
  if (command === Smb1Command.TRANSACTION && !message.fromServer)
    nodes.push(text(message, 'transactionName', start, end))
  const part = (name: 'parameter' | 'data'): { from: number; to: number } | undefined => {
    const [from, count] = [valueOf(fields, `${name}Offset`), valueOf(fields, `${name}Count`)]
    return count > 0 && from >= start && from < end ? { from, to: Math.min(from + count, end) } : undefined
  }
  const parameters = part('parameter')
  if (parameters !== undefined) {
    const setup = fields.find(({ label }) => label === 'setup')?.value
    const [subcommand] = Array.isArray(setup) ? (setup as unknown[]) : []
    const isTrans2 = command === Smb1Command.TRANSACTION2 && !message.fromServer && typeof subcommand === 'number'
    const { from, to } = parameters
    nodes.push(isTrans2 ? trans2Node(message, subcommand, from, to) : raw('parameters', message.view, from, to))
  }
  const data = part('data')
  if (data !== undefined) nodes.push(raw('data', message.view, data.from, data.to))
  return nodes
}

/** The parameters of TRANSACTION2, by its subcommand. MS-CIFS 2.2.6. */
function trans2Node(message: Message, subcommand: number, start: number, end: number): FieldNode {
  const name = Object.entries(Smb1Trans2Command).find(([, code]) => code === subcommand)?.[0] ?? `${subcommand}`
  const declared = trans2Parameters[subcommand]
  if (declared === undefined) return raw(`TRANS2_${name} parameters`, message.view, start, end)
  const { parameters, hasName } = declared
  const children = parameters.dissect(message.view, start, end)
  const at = start + parameters.size
  if (hasName && at < end) children.push(text(message, 'fileName', at, end))
  return parent(`TRANS2_${name} parameters`, parameters.spec, start, end, children)
}

const trans2Parameters: Readonly<
  Record<number, { readonly parameters: Struct<unknown, never>; readonly hasName: boolean }>
> = {
  [Smb1Trans2Command.FIND_FIRST2]: { parameters: Smb1FindFirst2Parameters, hasName: true },
  [Smb1Trans2Command.QUERY_PATH_INFORMATION]: { parameters: Smb1PathInformationParameters, hasName: true },
  [Smb1Trans2Command.SET_PATH_INFORMATION]: { parameters: Smb1PathInformationParameters, hasName: true },
  [Smb1Trans2Command.QUERY_FILE_INFORMATION]: { parameters: Smb1FileInformationParameters, hasName: false },
  [Smb1Trans2Command.SET_FILE_INFORMATION]: { parameters: Smb1FileInformationParameters, hasName: false },
}

const valueOf = (fields: readonly FieldNode[], label: string): number => {
  const value = fields.find((node) => node.label === label)?.value
  return typeof value === 'number' ? value : 0
}

const SPEC = 'MS-CIFS 2.2.4'

const parent = (label: string, spec: string, start: number, end: number, children: FieldNode[]): FieldNode => ({
  label,
  path: label,
  start,
  end,
  value: undefined,
  display: '',
  spec,
  children,
})

function number(label: string, view: DataView, at: number, size: 1 | 2): FieldNode {
  const value = size === 1 ? view.getUint8(at) : view.getUint16(at, true)
  return { ...parent(label, SPEC, at, at + size, []), path: `SMB1 command.${label}`, value, display: String(value) }
}

function raw(label: string, view: DataView, start: number, end: number): FieldNode {
  const value = bytesOf(view, start, Math.max(start, end))
  const node = parent(label, SPEC, start, Math.max(start, end), [])
  return { ...node, path: `SMB1 command.${label}`, value, display: `${value.length} bytes` }
}

function text({ view, isUnicode }: Message, label: string, from: number, limit: number): FieldNode {
  const { value, start, end } = smb1Text(view, isUnicode, from, limit)
  return {
    ...parent(label, SPEC, start, end, []),
    path: `SMB1 command.${label}`,
    value,
    display: JSON.stringify(value),
  }
}
