import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Groups } from '../evidence/groups.ts'
import { durationOf, pathOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import type { Rule, Transaction } from '../model.ts'

/** Writing back what is cached takes a moment; more than this is felt. */
const MIN_STALL_NS = 500e6
/** After this a server takes the oplock or lease without an answer. MS-SMB2 3.3.2.1: 35 s. */
const TIMEOUT_NS = 30e9
const MAX_BREAKS = 1000

interface Stall {
  readonly waiting: Transaction
  readonly breaks: readonly Transaction[]
}

export const breakStall: Rule = {
  id: 'break-stall',
  looksFor: 'Opens that wait until another client gives up its oplock or lease.',
  start() {
    const groups = new Groups<Stall>()
    let breaks: Transaction[] = []
    const between = (from: number, to: number): Transaction[] =>
      breaks.filter(({ response }) => {
        const at = response?.last.timeNs ?? Number.NEGATIVE_INFINITY
        return at >= from && at <= to
      })
    return {
      transaction(transaction) {
        const { detail, request, response, time, status } = transaction
        if (detail.kind === 'break' && request === undefined) {
          breaks.push(transaction)
          if (breaks.length > MAX_BREAKS) breaks = breaks.slice(MAX_BREAKS / 2)
          return
        }
        if (detail.kind !== 'create' || status === NtStatus.SHARING_VIOLATION || (time.responseNs ?? 0) < MIN_STALL_NS)
          return
        const during = between(request?.first.timeNs ?? 0, response?.last.timeNs ?? 0).filter(
          ({ conversation }) => conversation.server.address === transaction.conversation.server.address,
        )
        if (during.length === 0) return
        const frames = [...framesOf(transaction), ...during.map((one) => one.response?.last.frame)]
        groups.of(pathOf(transaction), () => ({ waiting: transaction, breaks: during }))?.add(frames)
      },
      findings: () =>
        groups.all().map((group) => {
          const { waiting, breaks: during } = group.first
          const ns = waiting.time.responseNs ?? 0
          const [told] = during
          const kind = told?.detail.kind === 'break' && told.detail.isLease ? 'lease' : 'oplock'
          const holder = told?.conversation.client.address ?? 'another client'
          const isTimeout = ns >= TIMEOUT_NS
          const text = {
            severity: isTimeout ? ('problem' as const) : ('warning' as const),
            title: `${pathOf(waiting)}: an open waited ${durationOf(ns)} for ${kind === 'oplock' ? 'an' : 'a'} ${kind} of ${holder}${isTimeout ? ', which never answered' : ''}`,
            cause: `${userOf(waiting.session)} wanted to open the file, and the server had to ask ${holder} first to give its ${kind} up (frame ${told?.response?.last.frame ?? '?'}). ${
              isTimeout
                ? 'No answer came, and the server took it after its time-out (35 s). The client that held it hangs, sleeps, or is cut off, and what it had in its cache may be lost.'
                : 'It took that long until it had written back what it kept, or until it noticed.'
            }`,
            advice: advise({
              windows: `Look at ${holder}: is it asleep, or its connection dead? OplockBreakWait of the server; DisableLeasing for a test.`,
              samba: '"oplock break wait time"; "oplocks = no" for shares whose files many open at once (databases).',
              smbkit: 'limits: oplockBreakTimeoutMs; oplocks: false for such shares.',
            }),
          }
          return findingOf('break-stall', group, text, waiting.conversation)
        }),
    }
  },
}
