/** Win32 and network management codes that the services answer with (MS-ERREF 2.2). */
export const WinError = {
  SUCCESS: 0,
  FILE_NOT_FOUND: 2,
  ACCESS_DENIED: 5,
  INVALID_HANDLE: 6,
  NOT_ENOUGH_MEMORY: 8,
  WRITE_PROTECT: 19,
  /** ERROR_WRITE_FAULT: a change cannot be kept. */
  WRITE_FAULT: 29,
  NOT_SUPPORTED: 50,
  FILE_EXISTS: 80,
  INVALID_PARAMETER: 87,
  INSUFFICIENT_BUFFER: 122,
  INVALID_NAME: 123,
  /** ERROR_INVALID_LEVEL: the server does not have this information level. */
  INVALID_LEVEL: 124,
  ALREADY_EXISTS: 183,
  MORE_DATA: 234,
  NO_MORE_ITEMS: 259,
  SERVICE_ALREADY_RUNNING: 1056,
  SERVICE_DOES_NOT_EXIST: 1060,
  INVALID_OWNER: 1307,
  INVALID_SECURITY_DESCRIPTOR: 1338,
  /** NERR_UnknownDevDir: there is no such folder. */
  UNKNOWN_FOLDER: 2116,
  /** NERR_QNotFound: there is no such printer. */
  QUEUE_NOT_FOUND: 2150,
  /** NERR_JobNotFound. */
  JOB_NOT_FOUND: 2151,
  /** NERR_JobInvalidState: it cannot be done to the document any more, or not yet. */
  JOB_STATE: 2164,
  /** NERR_DuplicateShare. */
  DUPLICATE_SHARE: 2118,
  /** NERR_BufTooSmall: not even one entry fits. */
  BUFFER_TOO_SMALL: 2123,
  /** NERR_NetNameNotFound: there is no such share. */
  SHARE_NOT_FOUND: 2310,
  /** NERR_DeviceNotShared. */
  DEVICE_NOT_SHARED: 2311,
  /** NERR_ClientNameNotFound: nobody of that name has a session. */
  CLIENT_NAME_NOT_FOUND: 2312,
  /** NERR_DfsNoSuchVolume: there is no such root or link. */
  DFS_NO_SUCH_VOLUME: 2662,
  /** NERR_DfsNoSuchShare: there is no such target. */
  DFS_NO_SUCH_SHARE: 2665,
  /** NERR_FileIdNotFound. */
  FILE_ID_NOT_FOUND: 2314,
} as const
export type WinError = number
