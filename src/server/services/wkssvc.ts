/** The workstation service (MS-WKST): Explorer of Windows 7 asks it, and waits a minute where it is not there. */
import { type InputOf, otherArm } from '../../rpc/ndr/index.ts'
import { type RpcService, service } from '../../rpc/service.ts'
import { PLATFORM_NT } from '../../rpc/srvsvc/server-info.ts'
import { WinError } from '../../rpc/werror.ts'
import { JoinStatus, Wkssvc, type WorkstationInfo } from '../../rpc/wkssvc/wkssvc.ts'
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

const emptyAt = (level: number) =>
  level === 0 || level === 1 ? ({ tag: level, value: { entries: [] } } as const) : otherArm(level)

/** The service for one caller. */
export function wkssvc(context: ServiceContext): RpcService {
  return service(Wkssvc, {
    /** MS-WKST 3.2.4.1. */
    NetrWkstaGetInfo({ level }) {
      const info = infoAt(context, level)
      if (info === undefined) return { info: otherArm(level), result: WinError.INVALID_LEVEL }
      return { info, result: WinError.SUCCESS }
    },
    /** MS-WKST 3.2.4.3: who is logged on, for administrators. */
    NetrWkstaUserEnum({ users: { level }, resumeHandle }) {
      const none = (result: number) => ({ users: { info: emptyAt(level) }, totalEntries: 0, resumeHandle, result })
      if (level !== 0 && level !== 1) return none(WinError.INVALID_LEVEL)
      const { administration, user } = context
      if (user.isAdministrator !== true || administration === undefined) return none(WinError.ACCESS_DENIED)
      const names = [...new Set(administration.sessions.map((session) => session.user))]
      const entries = names.map((userName) => ({
        userName,
        logonDomain: context.serverName,
        otherDomains: '',
        logonServer: context.serverName,
      }))
      const info = { tag: level, value: { entries } } as const
      return {
        users: { info },
        totalEntries: entries.length,
        resumeHandle: resumeHandle && 0,
        result: WinError.SUCCESS,
      }
    },
    /** MS-WKST 3.2.4.4: SMB straight on TCP. */
    NetrWkstaTransportEnum({ transports: { level }, resumeHandle }) {
      if (level !== 0)
        return { transports: { info: otherArm(level) }, totalEntries: 0, resumeHandle, result: WinError.INVALID_LEVEL }
      const transport = {
        qualityOfService: 0,
        circuitCount: context.sessionCount?.() ?? 0,
        transportName: '\\Device\\NetbiosSmb',
        transportAddress: '000000000000',
        wanIsh: 1,
      }
      const info = { tag: 0, value: { entries: [transport] } } as const
      return { transports: { info }, totalEntries: 1, resumeHandle: resumeHandle && 0, result: WinError.SUCCESS }
    },
    /** MS-WKST 3.2.4.15. */
    NetrGetJoinInformation: () => ({
      name: context.domainName ?? DEFAULT_DOMAIN,
      nameType: context.memberOf === undefined ? JoinStatus.WORKGROUP : JoinStatus.DOMAIN,
      result: WinError.SUCCESS,
    }),
    /** MS-WKST 3.2.4.19. */
    NetrEnumerateComputerNames({ nameType, reserved }) {
      if (reserved !== 0 || nameType > 2) return { names: null, result: WinError.INVALID_PARAMETER }
      return { names: { entries: nameType === 1 ? [] : [context.serverName] }, result: WinError.SUCCESS }
    },
  })
}
