/** Who is connected and what is open: MS-SRVS 2.2.4.1 to 2.2.4.21. Times are in seconds. */
import { empty, struct, u32, union, unique } from '../ndr/index.ts'
import { container, enumStruct, optionalText } from './levels.ts'

/** CONNECTION_ENUM_STRUCT, MS-SRVS 2.2.4.5. `type` is of `ShareType`. */
export const ConnectionEnum = enumStruct('CONNECTION', {
  0: container('CONNECT_INFO_0_CONTAINER', struct('CONNECTION_INFO_0', { id: u32 })),
  1: container(
    'CONNECT_INFO_1_CONTAINER',
    struct('CONNECTION_INFO_1', {
      id: u32,
      type: u32,
      openCount: u32,
      userCount: u32,
      time: u32,
      userName: optionalText,
      /** The share, or the client: what was not asked for. */
      netName: optionalText,
    }),
  ),
})

const FileInfo2 = struct('FILE_INFO_2', { id: u32 })
/** `permissions` is of `FilePermission`. */
const FileInfo3 = struct('FILE_INFO_3', {
  id: u32,
  permissions: u32,
  lockCount: u32,
  pathName: optionalText,
  userName: optionalText,
})

/** MS-SRVS 2.2.4.7. */
export const FilePermission = { READ: 1, WRITE: 2, CREATE: 4, EXECUTE: 8, DELETE: 0x10 } as const

/** FILE_ENUM_STRUCT, MS-SRVS 2.2.4.10. */
export const FileEnum = enumStruct('FILE', {
  2: container('FILE_INFO_2_CONTAINER', FileInfo2),
  3: container('FILE_INFO_3_CONTAINER', FileInfo3),
})

/** FILE_INFO, MS-SRVS 2.2.3.3. */
export const FileInfo = union('FILE_INFO', u32, { 2: unique(FileInfo2), 3: unique(FileInfo3) }, empty)

/** `userFlags` of a session, MS-SRVS 2.2.2.3. */
export const SessionFlag = { GUEST: 1, NO_ENCRYPTION: 2 } as const

const name = { clientName: optionalText } as const
const times = { time: u32, idleTime: u32 } as const
const session1 = { ...name, userName: optionalText, openCount: u32, ...times, userFlags: u32 } as const
const session2 = { ...session1, clientType: optionalText } as const

/** SESSION_ENUM_STRUCT, MS-SRVS 2.2.4.21. */
export const SessionEnum = enumStruct('SESSION', {
  0: container('SESSION_INFO_0_CONTAINER', struct('SESSION_INFO_0', name)),
  1: container('SESSION_INFO_1_CONTAINER', struct('SESSION_INFO_1', session1)),
  2: container('SESSION_INFO_2_CONTAINER', struct('SESSION_INFO_2', session2)),
  10: container('SESSION_INFO_10_CONTAINER', struct('SESSION_INFO_10', { ...name, userName: optionalText, ...times })),
  502: container('SESSION_INFO_502_CONTAINER', struct('SESSION_INFO_502', { ...session2, transport: optionalText })),
})
