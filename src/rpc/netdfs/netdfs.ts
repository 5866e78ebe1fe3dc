/** Management of namespaces, MS-DFSNM 3.1.4. Results are Win32 codes. */
import { conformantArray, empty, guid, type NdrFields, struct, u32, union, unique, wideString } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'
import { container, optionalText } from '../srvsvc/levels.ts'

/** State of a root or link, and of a target (MS-DFSNM 2.2.2.10, 2.2.2.12). */
export const DfsState = { OK: 1, OFFLINE: 1, ONLINE: 2 } as const
/** `DFS_VOLUME_FLAVOR_STANDALONE` in the state of a root (MS-DFSNM 2.2.2.6). */
export const STANDALONE_FLAVOR = 0x100

const Storage = struct('DFS_STORAGE_INFO', { state: u32, serverName: optionalText, shareName: optionalText })
const storages = {
  storageCount: u32.countOf('storages'),
  storages: unique(conformantArray(Storage)),
} satisfies NdrFields

const Info1 = struct('DFS_INFO_1', { entryPath: optionalText })
const described = { entryPath: optionalText, comment: optionalText, state: u32 } as const
const Info2 = struct('DFS_INFO_2', { ...described, storageCount: u32 })
const Info3 = struct('DFS_INFO_3', { ...described, ...storages })
const Info4 = struct('DFS_INFO_4', { ...described, timeout: u32, guid, ...storages })
const Info100 = struct('DFS_INFO_100', { comment: optionalText })
const Info101 = struct('DFS_INFO_101', { state: u32 })
const Info102 = struct('DFS_INFO_102', { timeout: u32 })

/** DFS_INFO_STRUCT, MS-DFSNM 2.2.3.1: what is asked for, and (from 100 on) what is set. */
export const DfsInfo = union(
  'DFS_INFO_STRUCT',
  u32,
  {
    1: unique(Info1),
    2: unique(Info2),
    3: unique(Info3),
    4: unique(Info4),
    100: unique(Info100),
    101: unique(Info101),
    102: unique(Info102),
  },
  empty,
)

/** DFS_INFO_ENUM_STRUCT, MS-DFSNM 2.2.4.8. */
export const DfsEnum = struct('DFS_INFO_ENUM_STRUCT', {
  level: u32.switchOf('info'),
  info: union(
    'DFS_INFO_ENUM_UNION',
    u32,
    {
      1: container('DFS_INFO_1_CONTAINER', Info1),
      2: container('DFS_INFO_2_CONTAINER', Info2),
      3: container('DFS_INFO_3_CONTAINER', Info3),
      4: container('DFS_INFO_4_CONTAINER', Info4),
    },
    empty,
  ),
})

export const Netdfs = rpcInterface(
  'netdfs',
  { uuid: '4fc742e0-4a10-11cf-8273-00aa004ae673', version: '3.0', pipe: 'netdfs' },
  {
    /** MS-DFSNM 3.1.4.1.1. */
    NetrDfsManagerGetVersion: op(0, 'NetrDfsManagerGetVersion', { in: {}, out: { version: u32 } }),
    /** MS-DFSNM 3.1.4.1.2: a link, or another target of one. */
    NetrDfsAdd: op(1, 'NetrDfsAdd', {
      in: {
        entryPath: wideString,
        serverName: wideString,
        shareName: optionalText,
        comment: optionalText,
        flags: u32,
      },
      out: { result: u32 },
    }),
    /** MS-DFSNM 3.1.4.1.3: a target, and with the last of them the link. */
    NetrDfsRemove: op(2, 'NetrDfsRemove', {
      in: { entryPath: wideString, serverName: optionalText, shareName: optionalText },
      out: { result: u32 },
    }),
    /** MS-DFSNM 3.1.4.1.4. */
    NetrDfsSetInfo: op(3, 'NetrDfsSetInfo', {
      in: {
        entryPath: wideString,
        serverName: optionalText,
        shareName: optionalText,
        level: u32.switchOf('info'),
        info: DfsInfo,
      },
      out: { result: u32 },
    }),
    /** MS-DFSNM 3.1.4.1.5. */
    NetrDfsGetInfo: op(4, 'NetrDfsGetInfo', {
      in: { entryPath: wideString, serverName: optionalText, shareName: optionalText, level: u32 },
      out: { info: DfsInfo, result: u32 },
    }),
    /** MS-DFSNM 3.1.4.1.6. */
    NetrDfsEnum: op(5, 'NetrDfsEnum', {
      in: { level: u32, preferredMaximumLength: u32, entries: unique(DfsEnum), resumeHandle: unique(u32) },
      out: { entries: unique(DfsEnum), resumeHandle: unique(u32), result: u32 },
    }),
  },
)
