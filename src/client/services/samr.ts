/** Users and groups of a server, by samr. MS-SAMR. */
import { WireError } from '../../bytes/errors.ts'
import type { Bound, RpcClient } from '../../rpc/client.ts'
import type { ContextHandle } from '../../rpc/ndr/index.ts'
import { Samr } from '../../rpc/samr/samr.ts'
import { UserAccountControl, UserInformationClass } from '../../rpc/samr/user.ts'
import type { Sid } from '../../wire/dtyp/sid.ts'
import { isError, NtStatus } from '../../wire/erref/ntstatus.ts'
import type { GroupListing, UserListing } from '../api/client.ts'
import { StatusError } from '../errors.ts'
import { withPipe } from '../pipe.ts'
import type { Tree } from '../tree.ts'

export type Sam = Bound<typeof Samr.operations>

const MAXIMUM_ALLOWED = 0x0200_0000
const PREFERRED_BYTES = 0xffff
const ENTRIES = 1024
/** Answers after which a server that always has more is given up. */
const MAX_ANSWERS = 1000
const BUILTIN = 'S-1-5-32'
const ALL_DOMAINS = 'Builtin'

/** @throws StatusError where a call was refused */
export function ensure(result: number, call: string, operation: string): void {
  if (isError(result)) throw new StatusError(result, call, { operation })
}

/** Runs `work` with a connection; what it opens is closed with the pipe. */
export function connected<T>(
  tree: Tree,
  operation: string,
  signal: AbortSignal | undefined,
  work: (sam: Sam, server: ContextHandle) => Promise<T>,
  desiredAccess = MAXIMUM_ALLOWED,
): Promise<T> {
  return withPipe(tree, Samr.pipe, operation, signal, async (client: RpcClient) => {
    const sam = await client.bind(Samr)
    const serverName = `\\\\${tree.link.target.host}`
    const { handle, result } = await sam.SamrConnect2({ serverName, desiredAccess })
    ensure(result, 'SamrConnect2', operation)
    return work(sam, handle)
  })
}

interface OpenDomain {
  readonly name: string
  readonly sid: Sid
  readonly handle: ContextHandle
}

/** The server's own domain, or the one of built-in groups. */
async function openDomain(sam: Sam, server: ContextHandle, builtin: boolean, operation: string): Promise<OpenDomain> {
  const all = await sam.SamrEnumerateDomains({ server, resumeHandle: 0, preferredMaximumLength: PREFERRED_BYTES })
  ensure(all.result, 'SamrEnumerateDomains', operation)
  const names = (all.buffer?.entries ?? []).flatMap(({ name }) => (name === null ? [] : [name]))
  const isBuiltin = (name: string): boolean => name.toUpperCase() === ALL_DOMAINS.toUpperCase()
  const name = names.find((each) => isBuiltin(each) === builtin)
  if (name === undefined) throw new StatusError(NtStatus.NO_SUCH_DOMAIN, 'SamrEnumerateDomains', { operation })
  const { domainSid, result } = await sam.SamrLookupDomain({ server, name })
  ensure(result, 'SamrLookupDomain', operation)
  const sid = domainSid ?? (builtin ? BUILTIN : undefined)
  if (sid === undefined)
    throw new WireError('SamrLookupDomain.domainSid', 0, 'MS-SAMR 3.1.5.11.1', 'a domain has a SID')
  const opened = await sam.SamrOpenDomain({ server, desiredAccess: MAXIMUM_ALLOWED, domainSid: sid })
  ensure(opened.result, 'SamrOpenDomain', operation)
  return { name, sid, handle: opened.handle }
}

/** SamrQueryDisplayInformation, MS-SAMR 3.1.5.3.3. */
export const listUsers = (ipc: Tree, signal: AbortSignal | undefined): Promise<UserListing[]> =>
  connected(ipc, 'users', signal, async (sam, server) => {
    const domain = await openDomain(sam, server, false, 'users')
    const found: UserListing[] = []
    for (let answers = 0; answers < MAX_ANSWERS; answers++) {
      const { information, result } = await sam.SamrQueryDisplayInformation({
        domain: domain.handle,
        informationClass: 1,
        index: found.length,
        entryCount: ENTRIES,
        preferredMaximumLength: PREFERRED_BYTES,
      })
      // Some servers say at the end that there is nothing more.
      if (result === NtStatus.NO_MORE_ENTRIES) break
      ensure(result, 'SamrQueryDisplayInformation', 'users')
      const entries = information.tag === 1 ? (information.value.entries ?? []) : []
      for (const { accountName, fullName, adminComment, rid, attributes } of entries) {
        // Each account is of some type. Samba's domain controllers tell of none in a list.
        const control = attributes === 0 ? await controlOf(sam, domain, rid) : attributes
        found.push({
          name: accountName ?? '',
          sid: `${domain.sid}-${rid}`,
          fullName: fullName ?? '',
          comment: adminComment ?? '',
          disabled: (control & UserAccountControl.ACCOUNT_DISABLED) !== 0,
        })
      }
      if (result !== NtStatus.MORE_ENTRIES || entries.length === 0) break
    }
    return found
  })

/** SamrQueryInformationUser, MS-SAMR 3.1.5.5.6: what an account is and may; nothing where that is not told. */
async function controlOf(sam: Sam, domain: OpenDomain, relativeId: number): Promise<number> {
  const asked = { domain: domain.handle, desiredAccess: MAXIMUM_ALLOWED, relativeId }
  const { handle: user, result } = await sam.SamrOpenUser(asked)
  if (isError(result)) return 0
  const { information } = await sam.SamrQueryInformationUser({ user, informationClass: UserInformationClass.CONTROL })
  await sam.SamrCloseHandle({ handle: user })
  return information?.tag === UserInformationClass.CONTROL ? information.value.userAccountControl : 0
}

/** SamrEnumerateGroups and SamrEnumerateAliases, MS-SAMR 3.1.5.2. */
export const listGroups = (ipc: Tree, signal: AbortSignal | undefined): Promise<GroupListing[]> =>
  connected(ipc, 'groups', signal, async (sam, server) => {
    const found: GroupListing[] = []
    for (const builtin of [false, true]) {
      const domain = await openDomain(sam, server, builtin, 'groups')
      const groups = builtin ? [] : await entriesOf(domain, (input) => sam.SamrEnumerateGroups(input))
      for (const { name, sid } of groups)
        found.push({ name, sid, domain: domain.name, kind: 'group', members: await membersOfGroup(sam, domain, sid) })
      for (const { name, sid } of await entriesOf(domain, (input) => sam.SamrEnumerateAliases(input)))
        found.push({ name, sid, domain: domain.name, kind: 'alias', members: await membersOfAlias(sam, domain, sid) })
    }
    return found
  })

type Enumerate = (input: {
  readonly domain: ContextHandle
  readonly resumeHandle: number
  readonly preferredMaximumLength: number
}) => ReturnType<Sam['SamrEnumerateAliases']>

async function entriesOf(domain: OpenDomain, enumerate: Enumerate): Promise<{ name: string; sid: Sid }[]> {
  const found: { name: string; sid: Sid }[] = []
  let resumeHandle = 0
  for (let answers = 0; answers < MAX_ANSWERS; answers++) {
    const answer = await enumerate({ domain: domain.handle, resumeHandle, preferredMaximumLength: PREFERRED_BYTES })
    ensure(answer.result, 'SamrEnumerate', 'groups')
    const entries = answer.buffer?.entries ?? []
    for (const { name, relativeId } of entries) found.push({ name: name ?? '', sid: `${domain.sid}-${relativeId}` })
    resumeHandle = answer.resumeHandle
    if (answer.result !== NtStatus.MORE_ENTRIES || entries.length === 0) break
  }
  return found
}

export const relativeIdOf = (sid: Sid): number => Number(sid.slice(sid.lastIndexOf('-') + 1))

async function membersOfGroup(sam: Sam, domain: OpenDomain, sid: Sid): Promise<Sid[]> {
  const opened = await sam.SamrOpenGroup({
    domain: domain.handle,
    desiredAccess: MAXIMUM_ALLOWED,
    relativeId: relativeIdOf(sid),
  })
  ensure(opened.result, 'SamrOpenGroup', 'groups')
  const { members, result } = await sam.SamrGetMembersInGroup({ group: opened.handle })
  ensure(result, 'SamrGetMembersInGroup', 'groups')
  await sam.SamrCloseHandle({ handle: opened.handle })
  return (members?.members ?? []).map((relativeId) => `${domain.sid}-${relativeId}`)
}

async function membersOfAlias(sam: Sam, domain: OpenDomain, sid: Sid): Promise<Sid[]> {
  const opened = await sam.SamrOpenAlias({
    domain: domain.handle,
    desiredAccess: MAXIMUM_ALLOWED,
    relativeId: relativeIdOf(sid),
  })
  ensure(opened.result, 'SamrOpenAlias', 'groups')
  const { members, result } = await sam.SamrGetMembersInAlias({ alias: opened.handle })
  ensure(result, 'SamrGetMembersInAlias', 'groups')
  await sam.SamrCloseHandle({ handle: opened.handle })
  return (members.entries ?? []).flatMap(({ sid: member }) => (member === null ? [] : [member]))
}
