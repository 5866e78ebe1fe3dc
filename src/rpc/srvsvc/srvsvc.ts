/** The server service's interface, MS-SRVS 3.1.4. Results are Win32 codes. */
import { u32, unique, wideString } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'
import { ServerInfo, TimeOfDay } from './server-info.ts'
import { ShareEnum, ShareInfo } from './share-info.ts'

/** SRVSVC_HANDLE: the server's name, which nobody looks at. */
const serverName = unique(wideString)

/** What a name is checked as, MS-SRVS 2.2.2.8 (those that a server has names of). */
export const NameType = { USER: 1, COMPUTER: 4, DOMAIN: 6, SHARE: 9 } as const

const shareEnum = {
  in: { serverName, shares: ShareEnum, preferredMaximumLength: u32, resumeHandle: unique(u32) },
  out: { shares: ShareEnum, totalEntries: u32, resumeHandle: unique(u32), result: u32 },
} as const

export const Srvsvc = rpcInterface(
  'srvsvc',
  { uuid: '4b324fc8-1670-01d3-1278-5a47bf6ee188', version: '3.0', pipe: 'srvsvc' },
  {
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
    /** MS-SRVS 3.1.4.17. */
    NetrServerGetInfo: op(21, 'NetrServerGetInfo', {
      in: { serverName, level: u32 },
      out: { info: ServerInfo, result: u32 },
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
    /** MS-SRVS 3.1.4.9: only the shares that outlive a restart. */
    NetrShareEnumSticky: op(36, 'NetrShareEnumSticky', shareEnum),
  },
)
