/** The workstation service's interface, MS-WKST 3.2.4. Results are Win32 codes. */
import { countedList } from '../account-lists.ts'
import { empty, nullArms, struct, u16, u32, unicodeString, union, unique, wideString } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'
import { optionalText } from '../srvsvc/levels.ts'
import { TransportEnum, UserEnum } from './lists.ts'

const level100 = {
  platformId: u32,
  computerName: optionalText,
  domainName: optionalText,
  versionMajor: u32,
  versionMinor: u32,
} as const
const level101 = { ...level100, rootPath: optionalText } as const

/** WKSTA_INFO, MS-WKST 2.2.4.1. What is declared are the levels that tell who a machine is. */
export const WorkstationInfo = union(
  'WKSTA_INFO',
  u32,
  {
    ...nullArms(502, 1013, 1018, 1046),
    100: unique(struct('WKSTA_INFO_100', level100)),
    101: unique(struct('WKSTA_INFO_101', level101)),
    102: unique(struct('WKSTA_INFO_102', { ...level101, loggedOnUsers: u32 })),
  },
  empty,
)

/** NETSETUP_JOIN_STATUS, MS-WKST 2.2.3.1. */
export const JoinStatus = { WORKGROUP: 2, DOMAIN: 3 } as const

const paging = { preferredMaximumLength: u32, resumeHandle: unique(u32) } as const
const paged = { totalEntries: u32, resumeHandle: unique(u32), result: u32 } as const

export const Wkssvc = rpcInterface(
  'wkssvc',
  { uuid: '6bffd098-a112-3610-9833-46c3f87e345a', version: '1.0', pipe: 'wkssvc' },
  {
    /** MS-WKST 3.2.4.1. */
    NetrWkstaGetInfo: op(0, 'NetrWkstaGetInfo', {
      in: { serverName: unique(wideString), level: u32 },
      out: { info: WorkstationInfo, result: u32 },
    }),
    /** MS-WKST 3.2.4.3. */
    NetrWkstaUserEnum: op(2, 'NetrWkstaUserEnum', {
      in: { serverName: optionalText, users: UserEnum, ...paging },
      out: { users: UserEnum, ...paged },
    }),
    /** MS-WKST 3.2.4.4. */
    NetrWkstaTransportEnum: op(5, 'NetrWkstaTransportEnum', {
      in: { serverName: optionalText, transports: TransportEnum, ...paging },
      out: { transports: TransportEnum, ...paged },
    }),
    /** MS-WKST 3.2.4.15: domain or workgroup. `nameType` is of `JoinStatus`. */
    NetrGetJoinInformation: op(20, 'NetrGetJoinInformation', {
      in: { serverName: optionalText, name: optionalText },
      out: { name: optionalText, nameType: u16, result: u32 },
    }),
    /** MS-WKST 3.2.4.19. `nameType`: 0 the primary name, 1 others, 2 all. */
    NetrEnumerateComputerNames: op(30, 'NetrEnumerateComputerNames', {
      in: { serverName: optionalText, nameType: u16, reserved: u32 },
      out: { names: unique(countedList('NET_COMPUTER_NAME_ARRAY', unicodeString())), result: u32 },
    }),
  },
)
