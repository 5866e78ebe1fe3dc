/** Descriptors of files, asked for and set by their names: MS-SRVS 3.1.4.14, 3.1.4.15. */
import { proceed } from '../../auth/maybe.ts'
import { WireError } from '../../bytes/errors.ts'
import type { Handlers } from '../../rpc/service.ts'
import type { Srvsvc } from '../../rpc/srvsvc/srvsvc.ts'
import { WinError } from '../../rpc/werror.ts'
import { type Failure, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { ServiceContext } from './context.ts'

const CODES = new Map<number, number>([
  [NtStatus.ACCESS_DENIED, WinError.ACCESS_DENIED],
  [NtStatus.BAD_NETWORK_NAME, WinError.SHARE_NOT_FOUND],
  [NtStatus.OBJECT_NAME_INVALID, WinError.INVALID_NAME],
  [NtStatus.INVALID_OWNER, WinError.INVALID_OWNER],
  [NtStatus.NOT_SUPPORTED, WinError.NOT_SUPPORTED],
  [NtStatus.MEDIA_WRITE_PROTECTED, WinError.WRITE_PROTECT],
])
const codeOf = ({ status }: Failure): number => CODES.get(status) ?? WinError.FILE_NOT_FOUND

export function fileSecurityHandlers(
  context: ServiceContext,
): Pick<Handlers<typeof Srvsvc.operations>, 'NetrpGetFileSecurity' | 'NetrpSetFileSecurity'> {
  return {
    NetrpGetFileSecurity({ shareName, fileName, securityInformation }) {
      const found = context.fileSecurity?.(shareName ?? '', fileName, securityInformation)
      if (found === undefined) return { securityDescriptor: null, result: WinError.NOT_SUPPORTED }
      return proceed(found, (descriptor) =>
        failed(descriptor)
          ? { securityDescriptor: null, result: codeOf(descriptor) }
          : { securityDescriptor: { descriptor }, result: WinError.SUCCESS },
      )
    },
    async NetrpSetFileSecurity({ shareName, fileName, securityInformation, securityDescriptor }) {
      const { descriptor } = securityDescriptor
      if (context.setFileSecurity === undefined) return { result: WinError.NOT_SUPPORTED }
      if (descriptor === null) return { result: WinError.INVALID_SECURITY_DESCRIPTOR }
      try {
        const set = await context.setFileSecurity(shareName ?? '', fileName, securityInformation, descriptor)
        return { result: failed(set) ? codeOf(set) : WinError.SUCCESS }
      } catch (error) {
        if (error instanceof WireError) return { result: WinError.INVALID_SECURITY_DESCRIPTOR }
        throw error
      }
    },
  }
}
