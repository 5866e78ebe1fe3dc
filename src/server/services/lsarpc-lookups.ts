/** Names and SIDs, in the many ways in which they can be asked for: MS-LSAT 3.1.4. */

import { proceed } from '../../auth/maybe.ts'
import type { ContextHandles } from '../../rpc/context-handles.ts'
import { RpcFault } from '../../rpc/fault.ts'
import { MAX_LOOKUPS, SidNameUse } from '../../rpc/lsarpc/lookup.ts'
import type { Lsarpc } from '../../rpc/lsarpc/lsarpc.ts'
import { PolicyAccess } from '../../rpc/lsarpc/policy.ts'
import type { Maybe } from '../../rpc/maybe.ts'
import type { ContextHandle } from '../../rpc/ndr/index.ts'
import type { Handlers } from '../../rpc/service.ts'
import type { Sid } from '../../wire/dtyp/sid.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { AccountDirectory } from '../account-directory.ts'
import { AccountNames, type Translation } from './account-names.ts'
import { BUILTIN } from './known-accounts.ts'
import { policyOf } from './lsarpc-policy.ts'

type Operations = typeof Lsarpc.operations

/** SIDs of one call: more than names, since they cost less (MS-LSAT 2.2.18). */
const MAX_SIDS = 20_480

interface Answer<T> {
  readonly referencedDomains: {
    readonly domains: readonly { readonly name: string; readonly sid: Sid }[]
    readonly maxEntries: number
  } | null
  readonly entries: readonly T[]
  readonly mappedCount: number
  readonly result: number
}

const nothing = (result: number): Answer<never> => ({ referencedDomains: null, entries: [], mappedCount: 0, result })

/** Room that is told for domains beside those that are there, as Windows tells it. */
const ROOM_FOR_DOMAINS = 32

/** Translations in the form of an answer: domains once each, and where each entry has its own. */
function answerOf<T>(
  found: readonly (Translation | undefined)[],
  entryOf: (translation: Translation | undefined, domainIndex: number, at: number) => T,
): Answer<T> {
  const domains: { name: string; sid: Sid }[] = []
  const indexOf = ({ domain }: Translation): number => {
    const at = domains.findIndex(({ name, sid }) => sid === domain.sid && name === domain.name)
    return at >= 0 ? at : domains.push(domain) - 1
  }
  const entries = found.map((each, at) => entryOf(each, each === undefined ? -1 : indexOf(each), at))
  const mappedCount = found.filter((each) => each !== undefined).length
  const result = mappedCount === found.length ? 0 : mappedCount === 0 ? NtStatus.NONE_MAPPED : NtStatus.SOME_NOT_MAPPED
  return { referencedDomains: { domains, maxEntries: ROOM_FOR_DOMAINS }, entries, mappedCount, result }
}

const relativeId = (sid: Sid): number => Number(sid.slice(sid.lastIndexOf('-') + 1))

/** A SID in the three forms that answers have of it. A domain's own has no relative id. */
const idOf = (each: Translation | undefined, domainIndex: number) => ({
  use: each?.use ?? SidNameUse.UNKNOWN,
  relativeId: each === undefined || each.use === SidNameUse.DOMAIN ? 0xffff_ffff : relativeId(each.sid),
  domainIndex,
})

export function lookupHandlers(accounts: AccountDirectory): Handlers<Operations> {
  const names = new AccountNames(accounts)

  /** Whether a policy is open for lookups (MS-LSAT 3.1.4.9): a status where not, a fault where there is no such policy. */
  const problem = (handles: ContextHandles, handle: ContextHandle): number | RpcFault | undefined => {
    const policy = policyOf(handles, handle)
    if (policy instanceof RpcFault) return policy
    return policy.may(PolicyAccess.LOOKUP_NAMES) ? undefined : NtStatus.ACCESS_DENIED
  }

  const ofSids = (list: readonly { readonly sid: Sid | null }[] | null) => {
    const sids = (list ?? []).map(({ sid }) => sid)
    if (sids.length > MAX_SIDS || sids.includes(null)) return nothing(NtStatus.INVALID_PARAMETER)
    return proceed(names.ofSids(sids as Sid[]), (found) =>
      answerOf(found, (each, domainIndex, at) => ({
        use: each?.use ?? SidNameUse.UNKNOWN,
        // What is not known is told as it is (MS-LSAT 3.1.4.10).
        name: each?.name ?? (sids[at] as Sid),
        domainIndex,
        flags: 0,
      })),
    )
  }

  const ofNames = async <T>(
    wanted: readonly (string | null)[],
    entryOf: (each: Translation | undefined, domainIndex: number) => T,
  ): Promise<Answer<T>> => {
    if (wanted.length > MAX_LOOKUPS) return nothing(NtStatus.INVALID_PARAMETER)
    // No name at all stands for what every machine has, as on Windows.
    return answerOf(await names.ofNames(wanted.map((name) => name ?? BUILTIN.name)), entryOf)
  }

  /** Runs a lookup for who may, and puts its entries where this operation has them. */
  const looked = <T, A>(
    handles: ContextHandles,
    handle: ContextHandle,
    look: () => Maybe<Answer<T>>,
    use: (answer: Answer<T>) => A,
  ): Maybe<A | RpcFault> => {
    const wrong = problem(handles, handle)
    if (wrong instanceof RpcFault) return wrong
    return proceed(wrong === undefined ? look() : nothing(wrong), use)
  }
  const asNames = <T>({ entries, ...rest }: Answer<T>) => ({ ...rest, translatedNames: { entries } })
  const asSids = <T>({ entries, ...rest }: Answer<T>) => ({ ...rest, translatedSids: { entries } })
  const withSid = (each: Translation | undefined, domainIndex: number) => ({
    use: each?.use ?? SidNameUse.UNKNOWN,
    sid: each?.sid ?? null,
    domainIndex,
    flags: 0,
  })

  return {
    LsarLookupSids: ({ policyHandle, sids }, { handles }) =>
      looked(handles, policyHandle, () => ofSids(sids.entries), asNames),
    LsarLookupSids2: ({ policyHandle, sids }, { handles }) =>
      looked(handles, policyHandle, () => ofSids(sids.entries), asNames),
    LsarLookupNames: (input, { handles }) =>
      looked(handles, input.policyHandle, () => ofNames(input.names, idOf), asSids),
    LsarLookupNames2: (input, { handles }) =>
      looked(
        handles,
        input.policyHandle,
        () => ofNames(input.names, (each, domainIndex) => ({ ...idOf(each, domainIndex), flags: 0 })),
        asSids,
      ),
    LsarLookupNames3: (input, { handles }) =>
      looked(handles, input.policyHandle, () => ofNames(input.names, withSid), asSids),
    // Without a policy they are for domain controllers, by their own secure channel (MS-LSAT 3.1.4.5, 3.1.4.9).
    LsarLookupSids3: () => asNames(nothing(NtStatus.ACCESS_DENIED)),
    LsarLookupNames4: () => asSids(nothing(NtStatus.ACCESS_DENIED)),
  }
}
