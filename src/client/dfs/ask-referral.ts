import {
  GetDfsReferralExFlags,
  GetDfsReferralExRequest,
  GetDfsReferralRequest,
  MAX_DFS_REFERRAL_VERSION,
} from '../../wire/dfsc/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Capabilities, FsctlCode, RELATED_FILE_ID } from '../../wire/smb2/index.ts'
import { ioctlCall } from '../calls/information.ts'
import { StatusError } from '../errors.ts'
import type { ServerLink } from '../link.ts'
import type { Tree } from '../tree.ts'

/** Room for the answer to a referral request; more is given where it does not do (MS-DFSC 3.1.5.4). */
const ROOM_BYTES = [8 * 1024, 64 * 1024 - 1] as const

const isOneOf = (error: unknown, statuses: readonly number[]): boolean =>
  error instanceof StatusError && statuses.includes(error.status)
const TOO_SMALL = [NtStatus.BUFFER_OVERFLOW, NtStatus.BUFFER_TOO_SMALL]
/** What servers say who do not know FSCTL_DFS_GET_REFERRALS_EX: those before Windows Server 2012, and Samba. */
const UNKNOWN = [NtStatus.INVALID_DEVICE_REQUEST, NtStatus.NOT_SUPPORTED, NtStatus.FS_DRIVER_REQUIRED]

/** Servers that have to be asked without a site. */
const without = new WeakSet<ServerLink>()

/**
 * Asks a server for a referral, in its IPC$, and says the site of this machine where that is known. MS-SMB2 3.2.4.20.3,
 * MS-DFSC 3.1.4.2.
 * @throws StatusError where the server knows none; TransportError
 */
export async function askReferral(ipc: Tree, path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { site } = ipc.link.settings
  if (site === undefined || without.has(ipc.link)) return asked(ipc, path, plain(path), signal)
  try {
    return await asked(ipc, path, withSite(path, site), signal)
  } catch (error) {
    if (!isOneOf(error, UNKNOWN)) throw error
    without.add(ipc.link)
    return asked(ipc, path, plain(path), signal)
  }
}

interface Request {
  readonly ctlCode: number
  readonly input: Uint8Array
}

const plain = (path: string): Request => ({
  ctlCode: FsctlCode.DFS_GET_REFERRALS,
  input: GetDfsReferralRequest.encode({ maxReferralLevel: MAX_DFS_REFERRAL_VERSION, requestFileName: path }),
})

const withSite = (path: string, siteName: string): Request => ({
  ctlCode: FsctlCode.DFS_GET_REFERRALS_EX,
  input: GetDfsReferralExRequest.encode({
    maxReferralLevel: MAX_DFS_REFERRAL_VERSION,
    requestFlags: GetDfsReferralExFlags.SITE_NAME,
    requestData: { requestFileName: path, siteName },
  }),
})

async function asked(ipc: Tree, path: string, request: Request, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const ask = (maxOutputBytes: number): Promise<Uint8Array> =>
    ipc.run(
      async ({ connection, context, live }) => {
        if ((live.negotiated.capabilities & Capabilities.DFS) === 0)
          throw new StatusError(NtStatus.FS_DRIVER_REQUIRED, 'IOCTL', { operation: 'referral', path })
        const given = { fileId: RELATED_FILE_ID, ...request, maxOutputBytes }
        const call = ioctlCall(given, { operation: 'referral', path }, (output) => output.slice())
        return connection.call(context, call, signal)
      },
      { signal, repeatable: true },
    )
  try {
    return await ask(ROOM_BYTES[0])
  } catch (error) {
    if (!isOneOf(error, TOO_SMALL)) throw error
    return ask(ROOM_BYTES[1])
  }
}
