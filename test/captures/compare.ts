import type { Transaction } from '../../src/trace/index.ts'
import { type Message, messagesOf, type TsharkFrame, type TsharkMessages } from './tshark-view.ts'

/** In what two readers of one capture differ. */
export type Kind =
  /** A message that only one of them tells of. */
  | 'missing'
  | 'extra'
  /** Told at another frame. */
  | 'frame'
  | 'stream'
  | 'status'
  | 'time'
  | 'session'
  | 'tree'
  | 'share'
  | 'name'

export interface Difference {
  readonly kind: Kind
  readonly frame: number
  readonly text: string
}

/** Rounding of times that have microseconds, in nanoseconds. */
const roundingNs = 1000
/** No more commands follow: tshark counts it as a command. */
const NO_ANDX = 0xff
const ALL_ONES = 'f'.repeat(16)
/** What a server tells of its own accord: its tree is known by the file, and not in the header. */
const UNASKED = String(2n ** 64n - 1n)
const Command = { SESSION_SETUP: 1, TREE_CONNECT: 3, CREATE: 5 } as const

/** Where the transactions of a capture are not what tshark's table says. */
export function differences(transactions: readonly Transaction[], table: readonly TsharkFrame[]): Difference[] {
  const ours = Map.groupBy(messagesOf(transactions), ({ frame }) => frame)
  const found: Difference[] = []
  const missing: { frame: number; key: string }[] = []
  const extra: { frame: number; key: string }[] = []
  for (const row of table) {
    for (const protocol of ['smb2', 'smb1'] as const) {
      const theirs = row[protocol]
      const here = (ours.get(row.frame) ?? []).filter((message) => message.protocol === protocol)
      const keys = keysOf(theirs, protocol)
      const left = [...keys]
      for (const message of here) {
        const index = left.indexOf(keyOf(message))
        if (index < 0) extra.push({ frame: row.frame, key: `${row.stream} ${protocol} ${keyOf(message)}` })
        else left.splice(index, 1)
      }
      missing.push(...left.map((key) => ({ frame: row.frame, key: `${row.stream} ${protocol} ${key}` })))
      if (left.length === 0 && here.length === keys.length) found.push(...compareFrame(row, theirs, here, protocol))
    }
    ours.delete(row.frame)
  }
  for (const [frame, messages] of ours)
    for (const message of messages)
      extra.push({ frame, key: `${message.stream} ${message.protocol} ${keyOf(message)}` })
  return [...found, ...elsewhere(missing, extra)]
}

/** Messages that both tell of, but at different frames; and those that one of them does not. */
function elsewhere(
  missing: readonly { frame: number; key: string }[],
  extra: readonly { frame: number; key: string }[],
): Difference[] {
  const left = [...extra]
  const found: Difference[] = []
  for (const { frame, key } of missing) {
    const index = left.findIndex((other) => other.key === key)
    if (index < 0) found.push({ kind: 'missing', frame, text: key })
    else {
      found.push({ kind: 'frame', frame, text: `${key} is at ${left[index]?.frame}` })
      left.splice(index, 1)
    }
  }
  return [...found, ...left.map(({ frame, key }): Difference => ({ kind: 'extra', frame, text: key }))]
}

const keyOf = ({ command, isResponse, messageId }: Message): string =>
  `${command} ${isResponse ? 'answer' : 'request'} ${messageId}`

/** tshark tells the direction and the number of an AndX chain once. */
function keysOf({ commands, isResponse, messageIds }: TsharkMessages, protocol: 'smb1' | 'smb2'): string[] {
  return commands
    .filter((command) => protocol === 'smb2' || command !== NO_ANDX)
    .map((command, index) => {
      const isAnswer = isResponse[index] ?? isResponse.at(-1) ?? false
      return `${command} ${isAnswer ? 'answer' : 'request'} ${messageIds[index] ?? messageIds.at(-1)}`
    })
}

const inOrder = (texts: readonly string[]): string[] => texts.toSorted((a, b) => (a < b ? -1 : Number(a > b)))

/** What is said of the messages of a frame of which both have the same. */
function compareFrame(
  row: TsharkFrame,
  theirs: TsharkMessages,
  ours: readonly Message[],
  protocol: 'smb1' | 'smb2',
): Difference[] {
  const found: Difference[] = []
  const differ = (kind: Kind, left: readonly unknown[], right: readonly unknown[]): void => {
    if (left.join() === right.join()) return
    found.push({ kind, frame: row.frame, text: `${left.join()} for ${right.join()}` })
  }
  if (ours.some(({ stream }) => stream !== row.stream)) differ('stream', [ours[0]?.stream], [row.stream])
  const times = ours.flatMap(({ responseNs }) => responseNs ?? []).toSorted((a, b) => a - b)
  const theirTimes = theirs.timesNs.toSorted((a, b) => a - b)
  const isSame = times.every((time, index) => Math.abs(time - (theirTimes[index] ?? 0)) <= roundingNs)
  if (times.length !== theirTimes.length || !isSame) differ('time', times, theirTimes)
  if (protocol === 'smb1' || ours.length === 0) return found
  const answers = ours.filter(({ isResponse }) => isResponse)
  differ('status', inOrder(answers.map(({ status }) => String(status))), inOrder(theirs.statuses.map(String)))
  // Before a session has its id, and where a chain leaves it out, tshark tells what is in the header.
  const told = theirs.sessionIds.map(
    (id, index) => id !== ALL_ONES && !(id === '0' && theirs.commands[index] === Command.SESSION_SETUP),
  )
  // Of what was sealed, the transform header's is told, too.
  const isSealed = theirs.sessionIds.length > theirs.commands.length
  const distinct = (ids: readonly (string | undefined)[]): string[] => inOrder([...new Set(ids.map(String))])
  if (isSealed) differ('session', distinct(ours.map(({ sessionId }) => sessionId)), distinct(theirs.sessionIds))
  else
    differ(
      'session',
      ours.filter((_, index) => told[index]).map(({ sessionId }) => sessionId ?? '0'),
      theirs.sessionIds.filter((_, index) => told[index]),
    )
  const opened = ours.filter(
    ({ command, isResponse, name }) => command === Command.CREATE && !isResponse && name !== '',
  )
  if (opened.length > 0)
    differ(
      'name',
      opened.map(({ name }) => name),
      theirs.names,
    )
  const [only] = ours
  if (ours.length !== 1 || only === undefined || only.command === Command.TREE_CONNECT) return found
  if (theirs.treeIds.length === 1 && only.messageId !== UNASKED) differ('tree', [only.treeId ?? '0'], theirs.treeIds)
  if (theirs.trees.length === 1) differ('share', [only.tree], theirs.trees)
  return found
}
