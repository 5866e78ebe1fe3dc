import { viewOf } from '../../bytes/utf16.ts'
import { GetDfsReferralExRequest, GetDfsReferralRequest, MAX_DFS_REFERRAL_VERSION } from '../../wire/dfsc/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FsctlCode, type IoctlRequest } from '../../wire/smb2/index.ts'
import type { ControlResult } from '../control.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'
import { encodeReferral } from './referral-response.ts'

/** Characters of a path that is looked up. */
const MAX_PATH_LENGTH = 4096

interface Asked {
  readonly path: string
  readonly site: string | undefined
  readonly maxVersion: number
}

/** FSCTL_DFS_GET_REFERRALS, FSCTL_DFS_GET_REFERRALS_EX (MS-SMB2 3.3.5.15.2, MS-DFSC 3.2.5.1). */
export function* dfsReferrals(request: Request, body: IoctlRequest): Steps<ControlResult | Failure> {
  const { server, transport } = request.connection
  if (!server.isDfsCapable) return fail(NtStatus.FS_DRIVER_REQUIRED)
  const { path, site, maxVersion } = read(body)
  // Nothing is known for who reads no version that there is.
  if (maxVersion < 1 || path.length > MAX_PATH_LENGTH) return fail(NtStatus.INVALID_PARAMETER)
  const client = addressOf(transport.remote)
  const names = path.split('\\').filter((name) => name !== '')
  const answer = yield* wait(server.dfs.resolve({ names, client, site: site ?? server.dfs.siteOf(client) }))
  if (failed(answer)) return answer
  const shape = { path, maxBytes: body.maxOutputResponse, maxVersion: Math.min(maxVersion, MAX_DFS_REFERRAL_VERSION) }
  const output = encodeReferral(answer, shape)
  return output instanceof Uint8Array ? { output } : output
}

/** @throws WireError */
function read(body: IoctlRequest): Asked {
  const view = viewOf(body.input)
  if (body.ctlCode === FsctlCode.DFS_GET_REFERRALS) {
    const { requestFileName, maxReferralLevel } = GetDfsReferralRequest.decode(view)
    return { path: requestFileName, site: undefined, maxVersion: maxReferralLevel }
  }
  const { maxReferralLevel, requestData } = GetDfsReferralExRequest.decode(view)
  const { requestFileName, siteName } = requestData
  return { path: requestFileName, site: siteName === '' ? undefined : siteName, maxVersion: maxReferralLevel }
}

/** `192.0.2.1:50000`, `::ffff:192.0.2.1:50000` and `fe80::1%2:50000` as addresses alone. */
const addressOf = (remote: string): string =>
  remote
    .replace(/:\d+$/, '')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '')
