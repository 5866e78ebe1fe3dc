/** The workstation service's interface, MS-WKST 3.2.4. Results are Win32 codes. */
import { empty, nullArms, struct, u32, union, unique, wideString } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'

const optionalText = unique(wideString)

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

export const Wkssvc = rpcInterface(
  'wkssvc',
  { uuid: '6bffd098-a112-3610-9833-46c3f87e345a', version: '1.0', pipe: 'wkssvc' },
  {
    /** MS-WKST 3.2.4.1. */
    NetrWkstaGetInfo: op(0, 'NetrWkstaGetInfo', {
      in: { serverName: unique(wideString), level: u32 },
      out: { info: WorkstationInfo, result: u32 },
    }),
  },
)
