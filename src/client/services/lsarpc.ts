import { WireError } from '../../bytes/errors.ts'
import type { Bound, RpcClient } from '../../rpc/client.ts'
import { ClientRevision, LookupLevel, MAX_LOOKUPS, SidNameUse } from '../../rpc/lsarpc/lookup.ts'
import { Lsarpc } from '../../rpc/lsarpc/lsarpc.ts'
import { noAttributes, PolicyAccess } from '../../rpc/lsarpc/policy.ts'
import type { ContextHandle } from '../../rpc/ndr/primitives.ts'
import { isSid } from '../../wire/dtyp/index.ts'
import { isError, NtStatus } from '../../wire/erref/ntstatus.ts'
import type { AccountName } from '../api/client.ts'
import { StatusError, UsageError } from '../errors.ts'
import { withPipe } from '../pipe.ts'
import type { Tree } from '../tree.ts'

type Lsa = Bound<typeof Lsarpc.operations>

const KINDS: Readonly<Record<number, AccountName['kind']>> = {
  [SidNameUse.USER]: 'user',
  [SidNameUse.GROUP]: 'group',
  [SidNameUse.DOMAIN]: 'domain',
  [SidNameUse.ALIAS]: 'alias',
  [SidNameUse.WELL_KNOWN_GROUP]: 'wellKnownGroup',
  [SidNameUse.DELETED_ACCOUNT]: 'deleted',
  [SidNameUse.COMPUTER]: 'computer',
  [SidNameUse.LABEL]: 'label',
}

/** None of them, or only some, is an answer like any other (MS-LSAT 3.1.4.10). */
function ensure(result: number, call: string, operation: string): void {
  if (!isError(result) || result === NtStatus.NONE_MAPPED) return
  throw new StatusError(result, call, { operation })
}

async function withPolicy<T>(
  client: RpcClient,
  tree: Tree,
  operation: string,
  work: (lsa: Lsa, policy: ContextHandle) => Promise<T>,
): Promise<T> {
  const lsa = await client.bind(Lsarpc)
  const { policyHandle, result } = await lsa.LsarOpenPolicy2({
    systemName: `\\\\${tree.link.target.host}`,
    objectAttributes: noAttributes,
    desiredAccess: PolicyAccess.LOOKUP_NAMES,
  })
  ensure(result, 'LsarOpenPolicy2', operation)
  try {
    return await work(lsa, policyHandle)
  } finally {
    await lsa.LsarClose({ handle: policyHandle }).catch(() => undefined)
  }
}

type Domains = {
  readonly domains: readonly { readonly name: string | null; readonly sid: string | null }[] | null
} | null

const domainAt = (list: Domains, index: number) => (index < 0 ? undefined : list?.domains?.[index])

/** LsarLookupSids2, MS-LSAT 3.1.4.10. */
export const lookupSids = (
  ipc: Tree,
  sids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<AccountName[]> => {
  const wrong = sids.find((sid) => !isSid(sid))
  if (wrong !== undefined) throw new UsageError('EINVAL', `${JSON.stringify(wrong)} is no SID.`)
  return withPipe(ipc, Lsarpc.pipe, 'lookupSids', signal, (client) =>
    withPolicy(client, ipc, 'lookupSids', async (lsa, policy) => {
      const found: AccountName[] = []
      for (let at = 0; at < sids.length; at += MAX_LOOKUPS) {
        const some = sids.slice(at, at + MAX_LOOKUPS)
        const { translatedNames, referencedDomains, result } = await lsa.LsarLookupSids2({
          policyHandle: policy,
          sids: { entries: some.map((sid) => ({ sid })) },
          translatedNames: { entries: null },
          lookupLevel: LookupLevel.WORKSTATION,
          mappedCount: 0,
          lookupOptions: 0,
          clientRevision: ClientRevision.FORESTS,
        })
        ensure(result, 'LsarLookupSids2', 'lookupSids')
        const elements = translatedNames.entries ?? []
        if (elements.length !== 0 && elements.length !== some.length)
          throw new WireError(
            'LsarLookupSids2.names',
            0,
            'MS-LSAT 3.1.4.10',
            `${elements.length} for ${some.length} SIDs`,
          )
        some.forEach((sid, i) => {
          const element = elements[i]
          const domain = element && domainAt(referencedDomains, element.domainIndex)
          const kind = (element && KINDS[element.use]) ?? 'unknown'
          found.push({ sid, name: kind === 'unknown' ? '' : (element?.name ?? ''), domain: domain?.name ?? '', kind })
        })
      }
      return found
    }),
  )
}

/** LsarLookupNames3, MS-LSAT 3.1.4.6. */
export const lookupNames = (
  ipc: Tree,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<(AccountName | undefined)[]> =>
  withPipe(ipc, Lsarpc.pipe, 'lookupNames', signal, (client) =>
    withPolicy(client, ipc, 'lookupNames', async (lsa, policy) => {
      const found: (AccountName | undefined)[] = []
      for (let at = 0; at < names.length; at += MAX_LOOKUPS) {
        const some = names.slice(at, at + MAX_LOOKUPS)
        const { translatedSids, referencedDomains, result } = await lsa.LsarLookupNames3({
          policyHandle: policy,
          names: some,
          translatedSids: { entries: null },
          lookupLevel: LookupLevel.WORKSTATION,
          mappedCount: 0,
          lookupOptions: 0,
          clientRevision: ClientRevision.FORESTS,
        })
        ensure(result, 'LsarLookupNames3', 'lookupNames')
        const elements = translatedSids.entries ?? []
        if (elements.length !== 0 && elements.length !== some.length)
          throw new WireError(
            'LsarLookupNames3.sids',
            0,
            'MS-LSAT 3.1.4.6',
            `${elements.length} for ${some.length} names`,
          )
        some.forEach((name, i) => {
          const element = elements[i]
          const kind = element && KINDS[element.use]
          const domain = element && domainAt(referencedDomains, element.domainIndex)
          const own = name.slice(name.lastIndexOf('\\') + 1)
          const isKnown = kind !== undefined && element?.sid !== undefined && element.sid !== null
          found.push(isKnown ? { sid: element.sid, name: own, domain: domain?.name ?? '', kind } : undefined)
        })
      }
      return found
    }),
  )
