/** The workstation service (MS-WKST): Explorer of Windows 7 asks it, and waits a minute where it is not there. */
import { type InputOf, otherArm } from '../../rpc/ndr/index.ts'
import { type RpcService, service } from '../../rpc/service.ts'
import { PLATFORM_NT } from '../../rpc/srvsvc/server-info.ts'
import { WinError } from '../../rpc/werror.ts'
import { Wkssvc, type WorkstationInfo } from '../../rpc/wkssvc/wkssvc.ts'
import { DEFAULT_DOMAIN, REPORTED_VERSION, type ServiceContext } from './context.ts'

function infoAt(context: ServiceContext, level: number): InputOf<typeof WorkstationInfo> | undefined {
  const who = {
    platformId: PLATFORM_NT,
    computerName: context.serverName,
    domainName: context.domainName ?? DEFAULT_DOMAIN,
    ...REPORTED_VERSION,
  }
  switch (level) {
    case 100:
      return { tag: 100, value: who }
    case 101:
      return { tag: 101, value: { ...who, rootPath: '' } }
    case 102:
      return { tag: 102, value: { ...who, rootPath: '', loggedOnUsers: context.sessionCount?.() ?? 0 } }
    default:
      return undefined
  }
}

/** The service for one caller. */
export function wkssvc(context: ServiceContext): RpcService {
  return service(Wkssvc, {
    /** MS-WKST 3.2.4.1. */
    NetrWkstaGetInfo({ level }) {
      const info = infoAt(context, level)
      if (info === undefined) return { info: otherArm(level), result: WinError.INVALID_LEVEL }
      return { info, result: WinError.SUCCESS }
    },
  })
}
