import { accountProblem } from '../auth/account-policy.ts'
import { RefusedLogon } from '../auth/mechanism.ts'
import type { Filetime } from '../bytes/filetime.ts'
import { connected, ensure, relativeIdOf, type Sam } from '../client/services/samr.ts'
import type { Tree } from '../client/tree.ts'
import type { ContextHandle } from '../rpc/ndr/index.ts'
import { UserAccountControl, UserInformationClass } from '../rpc/samr/user.ts'
import { isError, NtStatus } from '../wire/erref/ntstatus.ts'

const OPERATION = 'accounts of the domain'
/** SAM_SERVER_CONNECT | SAM_SERVER_LOOKUP_DOMAIN (MS-SAMR 2.2.1.3). */
const SERVER_ACCESS = 0x21
/** DOMAIN_LOOKUP (MS-SAMR 2.2.1.4). */
const DOMAIN_ACCESS = 0x200
/** USER_READ_GENERAL, USER_READ_LOGON and USER_READ_ACCOUNT (MS-SAMR 2.2.1.7). */
const USER_ACCESS = 0x1 | 0x8 | 0x10
/** An account that never expires says so in two ways. */
const NEVER: ReadonlySet<Filetime> = new Set([0n, 0x7fff_ffff_ffff_ffffn])
const LOGON_HOURS_UNITS = 168

/** What a domain controller has against accounts now, by SID: they are gone, disabled, expired, or out of their hours. */
export function accountProblems(
  tree: Tree,
  sids: readonly string[],
  now: Filetime,
): Promise<ReadonlyMap<string, RefusedLogon>> {
  const work = async (sam: Sam, server: ContextHandle): Promise<ReadonlyMap<string, RefusedLogon>> => {
    const found = new Map<string, RefusedLogon>()
    const domains = Map.groupBy(sids, (sid) => sid.slice(0, sid.lastIndexOf('-')))
    for (const [domainSid, members] of domains) {
      const domain = await sam.SamrOpenDomain({ server, desiredAccess: DOMAIN_ACCESS, domainSid })
      // Users of another domain that is trusted: this controller does not know them.
      if (isError(domain.result)) continue
      for (const sid of members) {
        const problem = await problemOf(sam, domain.handle, sid, now)
        if (problem !== undefined) found.set(sid, problem)
      }
    }
    return found
  }
  return connected(tree, OPERATION, undefined, work, SERVER_ACCESS)
}

async function problemOf(
  sam: Sam,
  domain: ContextHandle,
  sid: string,
  now: Filetime,
): Promise<RefusedLogon | undefined> {
  const relativeId = relativeIdOf(sid)
  const user = await sam.SamrOpenUser({ domain, desiredAccess: USER_ACCESS, relativeId })
  if (user.result === NtStatus.NO_SUCH_USER) return new RefusedLogon(NtStatus.NO_SUCH_USER, 'the account is gone', sid)
  ensure(user.result, 'SamrOpenUser', OPERATION)
  const informationClass = UserInformationClass.ACCOUNT
  const { information, result } = await sam.SamrQueryInformationUser2({ user: user.handle, informationClass })
  ensure(result, 'SamrQueryInformationUser2', OPERATION)
  await sam.SamrCloseHandle({ handle: user.handle })
  if (information?.tag !== informationClass) return undefined
  const { userName, accountExpires, logonHours, userAccountControl } = information.value
  const hours = logonHours.unitsPerWeek === LOGON_HOURS_UNITS ? logonHours.logonHours : null
  const problem = accountProblem(
    {
      user: userName ?? sid,
      disabled: (userAccountControl & UserAccountControl.ACCOUNT_DISABLED) !== 0,
      ...(!NEVER.has(accountExpires) && { expiresAt: accountExpires }),
      ...(hours !== null && { logonHours: Uint8Array.from(hours) }),
    },
    '',
    now,
  )
  return problem && new RefusedLogon(problem.status, problem.reason, userName ?? sid)
}
