/** The server service's interface, MS-SRVS 3.1.4. Results are Win32 codes. */
import { u32, unique, wideString } from '../ndr/index.ts'
import { op, type RpcInterface, rpcInterface } from '../operation.ts'
import { ConnectionEnum, FileEnum, FileInfo, SessionEnum } from './activity.ts'
import { optionalText } from './levels.ts'
import { DiskEnum, FileDescriptor, ServerStatistics, TransportEnum } from './machine.ts'
import { ServerInfo, TimeOfDay } from './server-info.ts'
import { ShareEnum, ShareInfo } from './share-info.ts'

/** SRVSVC_HANDLE: the server's name, which nobody looks at. */
const serverName = optionalText

/** What a name is checked as, MS-SRVS 2.2.2.8 (those that a server has names of). */
export const NameType = { USER: 1, COMPUTER: 4, DOMAIN: 6, SHARE: 9 } as const

const shareEnum = {
  in: { serverName, shares: ShareEnum, preferredMaximumLength: u32, resumeHandle: unique(u32) },
  out: { shares: ShareEnum, totalEntries: u32, resumeHandle: unique(u32), result: u32 },
} as const

/** About how many bytes of an answer are wanted, and where it goes on. */
const paging = { preferredMaximumLength: u32, resumeHandle: unique(u32) } as const
const paged = { totalEntries: u32, resumeHandle: unique(u32), result: u32 } as const
/** Which field of the information is wrong, where the client wants to know. */
const wrongField = { parameterError: unique(u32) } as const
const shareDel = { in: { serverName, shareName: wideString, reserved: u32 }, out: { result: u32 } } as const

/** Who uses what. */
const activity = {
  /** MS-SRVS 3.1.4.1. `qualifier`: a share, or a client with two backslashes before it. */
  NetrConnectionEnum: op(8, 'NetrConnectionEnum', {
    in: { serverName, qualifier: optionalText, connections: ConnectionEnum, ...paging },
    out: { connections: ConnectionEnum, ...paged },
  }),
  /** MS-SRVS 3.1.4.2. */
  NetrFileEnum: op(9, 'NetrFileEnum', {
    in: { serverName, basePath: optionalText, userName: optionalText, files: FileEnum, ...paging },
    out: { files: FileEnum, ...paged },
  }),
  /** MS-SRVS 3.1.4.3. */
  NetrFileGetInfo: op(10, 'NetrFileGetInfo', {
    in: { serverName, fileId: u32, level: u32 },
    out: { info: FileInfo, result: u32 },
  }),
  /** MS-SRVS 3.1.4.4. */
  NetrFileClose: op(11, 'NetrFileClose', { in: { serverName, fileId: u32 }, out: { result: u32 } }),
  /** MS-SRVS 3.1.4.5. */
  NetrSessionEnum: op(12, 'NetrSessionEnum', {
    in: { serverName, clientName: optionalText, userName: optionalText, sessions: SessionEnum, ...paging },
    out: { sessions: SessionEnum, ...paged },
  }),
  /** MS-SRVS 3.1.4.6. */
  NetrSessionDel: op(13, 'NetrSessionDel', {
    in: { serverName, clientName: optionalText, userName: optionalText },
    out: { result: u32 },
  }),
} as const

/** Shares. */
const shares = {
  /** MS-SRVS 3.1.4.7. */
  NetrShareAdd: op(14, 'NetrShareAdd', {
    in: { serverName, level: u32.switchOf('info'), info: ShareInfo, ...wrongField },
    out: { ...wrongField, result: u32 },
  }),
  /** MS-SRVS 3.1.4.11. */
  NetrShareSetInfo: op(17, 'NetrShareSetInfo', {
    in: { serverName, shareName: wideString, level: u32.switchOf('info'), info: ShareInfo, ...wrongField },
    out: { ...wrongField, result: u32 },
  }),
  /** MS-SRVS 3.1.4.12. */
  NetrShareDel: op(18, 'NetrShareDel', shareDel),
  /** MS-SRVS 3.1.4.13: what outlives a restart. */
  NetrShareDelSticky: op(19, 'NetrShareDelSticky', shareDel),
  /** MS-SRVS 3.1.4.47: level 503 names the share. */
  NetrShareDelEx: op(57, 'NetrShareDelEx', {
    in: { serverName, level: u32.switchOf('info'), info: ShareInfo },
    out: { result: u32 },
  }),
  /** MS-SRVS 3.1.4.16. `type` is of `ShareType`. */
  NetrShareCheck: op(20, 'NetrShareCheck', {
    in: { serverName, device: wideString },
    out: { type: u32, result: u32 },
  }),
  /** MS-SRVS 3.1.4.8. */
  NetrShareEnum: op(15, 'NetrShareEnum', shareEnum),
  /** MS-SRVS 3.1.4.10. */
  NetrShareGetInfo: op(16, 'NetrShareGetInfo', {
    in: { serverName, shareName: wideString, level: u32 },
    out: { info: ShareInfo, result: u32 },
  }),
  /** MS-SRVS 3.1.4.9: only the shares that outlive a restart. */
  NetrShareEnumSticky: op(36, 'NetrShareEnumSticky', shareEnum),
} as const

/** The server itself. */
const machine = {
  /** MS-SRVS 3.1.4.17. */
  NetrServerGetInfo: op(21, 'NetrServerGetInfo', {
    in: { serverName, level: u32 },
    out: { info: ServerInfo, result: u32 },
  }),
  /** MS-SRVS 3.1.4.18. */
  NetrServerSetInfo: op(22, 'NetrServerSetInfo', {
    in: { serverName, level: u32.switchOf('info'), info: ServerInfo, ...wrongField },
    out: { ...wrongField, result: u32 },
  }),
  /** MS-SRVS 3.1.4.19. */
  NetrServerDiskEnum: op(23, 'NetrServerDiskEnum', {
    in: { serverName, level: u32, disks: DiskEnum, ...paging },
    out: { disks: DiskEnum, ...paged },
  }),
  /** MS-SRVS 3.1.4.20. */
  NetrServerStatisticsGet: op(24, 'NetrServerStatisticsGet', {
    in: { serverName, service: optionalText, level: u32, options: u32 },
    out: { statistics: unique(ServerStatistics), result: u32 },
  }),
  /** MS-SRVS 3.1.4.23. */
  NetrServerTransportEnum: op(26, 'NetrServerTransportEnum', {
    in: { serverName, transports: TransportEnum, ...paging },
    out: { transports: TransportEnum, ...paged },
  }),
  /** MS-SRVS 3.1.4.21. */
  NetrRemoteTOD: op(28, 'NetrRemoteTOD', {
    in: { serverName },
    out: { time: unique(TimeOfDay), result: u32 },
  }),
  /** MS-SRVS 3.1.4.32. `nameType` is of `NameType`. */
  NetprNameValidate: op(33, 'NetprNameValidate', {
    in: { serverName, name: wideString, nameType: u32, flags: u32 },
    out: { result: u32 },
  }),
  /** MS-SRVS 3.1.4.14. `securityInformation` as in MS-DTYP 2.4.7. */
  NetrpGetFileSecurity: op(39, 'NetrpGetFileSecurity', {
    in: { serverName, shareName: optionalText, fileName: wideString, securityInformation: u32 },
    out: { securityDescriptor: unique(FileDescriptor), result: u32 },
  }),
  /** MS-SRVS 3.1.4.15. */
  NetrpSetFileSecurity: op(40, 'NetrpSetFileSecurity', {
    in: {
      serverName,
      shareName: optionalText,
      fileName: wideString,
      securityInformation: u32,
      securityDescriptor: FileDescriptor,
    },
    out: { result: u32 },
  }),
} as const

/** In parts: the type of all at once is longer than what the compiler writes down. */
type SrvsvcOperations = typeof activity & typeof shares & typeof machine

export const Srvsvc: RpcInterface<SrvsvcOperations> = rpcInterface(
  'srvsvc',
  { uuid: '4b324fc8-1670-01d3-1278-5a47bf6ee188', version: '3.0', pipe: 'srvsvc' },
  { ...activity, ...shares, ...machine },
)
