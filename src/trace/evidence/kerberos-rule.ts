/** Rules about errors of Kerberos, and what the client did after them. */

import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { kerberosErrorName } from '../../wire/kerberos/error-codes.ts'
import type { Advice, KerberosExchange, Rule, Severity } from '../model.ts'
import { Recent } from '../recent.ts'
import { type Group, Groups } from './groups.ts'
import { mechanismOf } from './logon-rule.ts'
import { durationOf, timesOf, UNKNOWN_USER } from './names.ts'
import { findingOf } from './rules.ts'

/** Clients of which it is remembered how they went on. */
const MAX_CLIENTS = 10_000

/** What became of a client's logons. */
interface After {
  readonly mechanism: string
  readonly frame: number | undefined
  readonly timeNs: number
}

interface KerberosRule {
  readonly id: string
  readonly looksFor: string
  /** `code`: its error. */
  isMine(code: number, exchange: KerberosExchange): boolean
  /** What the findings are told apart by, beside client and error; the name of the service or the user. */
  about(exchange: KerberosExchange): string
  title(exchange: KerberosExchange): string
  readonly cause: string | ((exchange: KerberosExchange) => string)
  readonly advice: readonly Advice[]
  /** How bad it is where the client found no other way in. */
  readonly severity?: Severity
}

/** A rule for errors that a KDC sends. It tells what the client fell back to. */
export function kerberosRule(rule: KerberosRule): Rule {
  return {
    id: rule.id,
    looksFor: rule.looksFor,
    start() {
      const groups = new Groups<KerberosExchange>()
      /** The last logon that worked, by the client's address. */
      const logons = new Recent<string, After>(MAX_CLIENTS)
      return {
        kerberos(exchange) {
          if (exchange.errorCode === undefined || !rule.isMine(exchange.errorCode, exchange)) return
          const key = `${exchange.client.address} ${exchange.errorCode} ${rule.about(exchange)}`
          const frames = [exchange.response?.frame, exchange.request?.frame]
          groups.of(key, () => exchange)?.add(frames, rule.about(exchange))
        },
        transaction(transaction) {
          if (transaction.detail.kind !== 'session-setup' || transaction.status !== NtStatus.SUCCESS) return
          const { client } = transaction.conversation
          const frame = transaction.response?.last.frame
          const timeNs = transaction.response?.last.timeNs ?? 0
          logons.set(client.address, { mechanism: mechanismOf(transaction), frame, timeNs })
        },
        findings: () =>
          groups.all().map((group) => {
            const after = logons.get(group.first.client.address)
            const told = tell(rule, group, after !== undefined && isAfter(after, group.first) ? after : undefined)
            return findingOf(rule.id, group, told, undefined)
          }),
      }
    },
  }
}

const isAfter = ({ timeNs }: After, { response, request }: KerberosExchange): boolean =>
  timeNs >= (response?.timeNs ?? request?.timeNs ?? 0)

function tell(rule: KerberosRule, { first, count }: Group<KerberosExchange>, after: After | undefined) {
  const cause = typeof rule.cause === 'string' ? rule.cause : rule.cause(first)
  const code = first.errorCode ?? 0
  const often = count > 1 ? `, ${timesOf(count)}` : ''
  const fellBack = after !== undefined && !/kerberos|krb/i.test(after.mechanism)
  const frame = after?.frame === undefined ? '' : ` (frame ${after.frame})`
  const went =
    after === undefined
      ? ' No logon of this client that worked follows in the capture.'
      : fellBack
        ? ` The client then fell back to ${after.mechanism}, which worked${frame}: slower, weaker, and blocked where policies forbid it.`
        : ` A logon with Kerberos worked later${frame}.`
  return {
    severity: after === undefined ? (rule.severity ?? 'problem') : fellBack ? ('warning' as const) : ('note' as const),
    title: rule.title(first) + (fellBack ? `; ${after.mechanism} was used instead` : ''),
    cause: `The KDC ${first.kdc.address} answered ${first.client.address} with ${kerberosErrorName(code)} (${code})${often}. ${cause}${went}`,
    advice: rule.advice,
  }
}

/** How far the clocks are apart: `; the client's clock is 2 h ahead`. */
export function skewOf({ clockSkewNs }: KerberosExchange): string {
  if (clockSkewNs === undefined) return ''
  return `: the client is ${durationOf(Math.abs(clockSkewNs))} ${clockSkewNs < 0 ? 'ahead' : 'behind'}`
}

/** `anna@EXAMPLE`, or `somebody`: FAST hides the name of the client. RFC 6113 5.4.2. */
export function clientNameOf({ clientName, realm }: KerberosExchange): string {
  if (clientName === undefined || clientName.startsWith('WELLKNOWN/')) return UNKNOWN_USER
  return clientName.includes('@') || realm === undefined ? clientName : `${clientName}@${realm}`
}
