/**
 * The words of commands that a file session consists of: what stands between WordCount and ByteCount (MS-CIFS 2.2.3.2).
 * Where a command has more words in its newer form, those are declared that all forms have.
 */
import { array, bytes, filetime, type Infer, octets, struct, tail, u8, u16, u32, u64 } from '../schema/index.ts'
import { andX } from './andx.ts'

/** What the words of each command begin with that another may follow. MS-CIFS 2.2.3.4. */
export const Smb1AndXWords = struct('SMB1 AndX words', 'MS-CIFS 2.2.3.4', { ...andX })
export type Smb1AndXWords = Infer<typeof Smb1AndXWords>

/** MS-CIFS 2.2.4.64.1. */
export const Smb1NtCreateWords = struct('SMB1 NT_CREATE_ANDX Request words', 'MS-CIFS 2.2.4.64.1', {
  ...andX,
  reserved: u8.reserved,
  nameLength: u16,
  flags: u32.hex,
  rootDirectoryFid: u32.or(0),
  desiredAccess: u32.hex,
  allocationSize: u64.or(0n),
  fileAttributes: u32.hex,
  shareAccess: u32,
  createDisposition: u32,
  createOptions: u32.hex,
  impersonationLevel: u32.or(2),
  securityFlags: u8.or(0),
})
export type Smb1NtCreateWords = Infer<typeof Smb1NtCreateWords>

const ntCreateAnswer = {
  ...andX,
  oplockLevel: u8,
  fid: u16.hex,
  createAction: u32,
  creationTime: filetime,
  lastAccessTime: filetime,
  lastWriteTime: filetime,
  changeTime: filetime,
  fileAttributes: u32.hex,
  allocationSize: u64,
  endOfFile: u64,
  resourceType: u16,
  pipeStatus: u16.or(0),
  isDirectory: u8,
} as const

/** MS-CIFS 2.2.4.64.2. */
export const Smb1NtCreateResponseWords = struct(
  'SMB1 NT_CREATE_ANDX Response words',
  'MS-CIFS 2.2.4.64.2',
  ntCreateAnswer,
)
export type Smb1NtCreateResponseWords = Infer<typeof Smb1NtCreateResponseWords>

/** MS-CIFS 2.2.4.64.2. */
export const Smb1NtCreateResponse = struct('SMB1 NT_CREATE_ANDX Response', 'MS-CIFS 2.2.4.64.2', {
  wordCount: u8.fixed(34),
  ...ntCreateAnswer,
  byteCount: u16.lengthOfRest,
})
export type Smb1NtCreateResponse = Infer<typeof Smb1NtCreateResponse>

/** The answer to who asks for more: what the user may do with it at most. MS-SMB 2.2.4.9.2. */
export const Smb1NtCreateExtendedResponse = struct('SMB1 NT_CREATE_ANDX extended Response', 'MS-SMB 2.2.4.9.2', {
  // Windows counts eight words less than there are, and clients go by that.
  wordCount: u8.fixed(42),
  ...ntCreateAnswer,
  volumeGuid: octets(16),
  fileId: u64,
  maximalAccessRights: u32.hex,
  guestMaximalAccessRights: u32.hex,
  byteCount: u16.lengthOfRest,
})
export type Smb1NtCreateExtendedResponse = Infer<typeof Smb1NtCreateExtendedResponse>

/** MS-CIFS 2.2.4.41.1. */
export const Smb1OpenAndXWords = struct('SMB1 OPEN_ANDX Request words', 'MS-CIFS 2.2.4.41.1', {
  ...andX,
  flags: u16.hex,
  accessMode: u16.hex,
  searchAttributes: u16.hex,
  fileAttributes: u16.hex,
  creationTime: u32,
  openMode: u16,
  allocationSize: u32,
  timeout: u32,
  reserved: u32.reserved,
})
export type Smb1OpenAndXWords = Infer<typeof Smb1OpenAndXWords>

/** MS-CIFS 2.2.4.41.2. */
export const Smb1OpenAndXResponseWords = struct('SMB1 OPEN_ANDX Response words', 'MS-CIFS 2.2.4.41.2', {
  ...andX,
  fid: u16.hex,
})
export type Smb1OpenAndXResponseWords = Infer<typeof Smb1OpenAndXResponseWords>

/** MS-CIFS 2.2.4.41.2. */
export const Smb1OpenAndXResponse = struct('SMB1 OPEN_ANDX Response', 'MS-CIFS 2.2.4.41.2', {
  wordCount: u8.fixed(15),
  ...andX,
  fid: u16.hex,
  fileAttributes: u16.hex,
  /** Seconds since 1970. */
  lastWriteTime: u32,
  fileDataSize: u32,
  accessRights: u16.hex,
  resourceType: u16,
  pipeStatus: u16.or(0),
  openResults: u16.hex,
  reserved: octets(6).reserved,
  byteCount: u16.lengthOfRest,
})
export type Smb1OpenAndXResponse = Infer<typeof Smb1OpenAndXResponse>

/** A file by its number, first of the words: CLOSE, FLUSH, OPEN's and CREATE's answers and more. MS-CIFS 2.2.4.5.1. */
export const Smb1FidWords = struct('SMB1 words of a file', 'MS-CIFS 2.2.4.5.1', { fid: u16.hex })
export type Smb1FidWords = Infer<typeof Smb1FidWords>

/** MS-CIFS 2.2.4.5.1. `lastWriteTime`: seconds since 1970; 0 and all ones leave it as it is. */
export const Smb1CloseWords = struct('SMB1 CLOSE Request words', 'MS-CIFS 2.2.4.5.1', {
  fid: u16.hex,
  lastWriteTime: u32,
})
export type Smb1CloseWords = Infer<typeof Smb1CloseWords>

/** What kinds of files a command by path is about: DELETE, RENAME. MS-CIFS 2.2.4.7.1. */
export const Smb1SearchAttributesWords = struct('SMB1 words of a search', 'MS-CIFS 2.2.4.7.1', {
  searchAttributes: u16.hex,
})
export type Smb1SearchAttributesWords = Infer<typeof Smb1SearchAttributesWords>

/** MS-CIFS 2.2.4.10.1. */
export const Smb1SetInformationWords = struct('SMB1 SET_INFORMATION Request words', 'MS-CIFS 2.2.4.10.1', {
  fileAttributes: u16.hex,
  /** Seconds since 1970. */
  lastWriteTime: u32,
})
export type Smb1SetInformationWords = Infer<typeof Smb1SetInformationWords>

/** MS-CIFS 2.2.4.9.2. */
export const Smb1QueryInformationResponse = struct('SMB1 QUERY_INFORMATION Response', 'MS-CIFS 2.2.4.9.2', {
  wordCount: u8.fixed(10),
  fileAttributes: u16.hex,
  /** Seconds since 1970. */
  lastWriteTime: u32,
  fileSize: u32,
  reserved: octets(10).reserved,
  byteCount: u16.lengthOfRest,
})
export type Smb1QueryInformationResponse = Infer<typeof Smb1QueryInformationResponse>

/** MS-CIFS 2.2.4.57.2. */
export const Smb1QueryInformationDiskResponse = struct('SMB1 QUERY_INFORMATION_DISK Response', 'MS-CIFS 2.2.4.57.2', {
  wordCount: u8.fixed(5),
  totalUnits: u16,
  blocksPerUnit: u16,
  blockSize: u16,
  freeUnits: u16,
  reserved: u16.reserved,
  byteCount: u16.lengthOfRest,
})
export type Smb1QueryInformationDiskResponse = Infer<typeof Smb1QueryInformationDiskResponse>

/** The same where another command may follow: LOCKING_ANDX. MS-CIFS 2.2.4.32.1. */
export const Smb1AndXFidWords = struct('SMB1 ANDX words of a file', 'MS-CIFS 2.2.4.32.1', { ...andX, fid: u16.hex })
export type Smb1AndXFidWords = Infer<typeof Smb1AndXFidWords>

/** LOCKING_ANDX, which is also how a server breaks an oplock. MS-CIFS 2.2.4.32.1. */
export const Smb1LockingWords = struct('SMB1 LOCKING_ANDX Request words', 'MS-CIFS 2.2.4.32.1', {
  ...andX,
  fid: u16.hex,
  typeOfLock: u8.hex,
  newOplockLevel: u8,
  timeout: u32,
  numberOfRequestedUnlocks: u16,
  numberOfRequestedLocks: u16,
})
export type Smb1LockingWords = Infer<typeof Smb1LockingWords>

/** Nothing but the place of a further command. MS-CIFS 2.2.4.32.2. */
export const Smb1LockingResponse = struct('SMB1 LOCKING_ANDX Response', 'MS-CIFS 2.2.4.32.2', {
  wordCount: u8.fixed(2),
  ...andX,
  byteCount: u16.lengthOfRest,
})
export type Smb1LockingResponse = Infer<typeof Smb1LockingResponse>

/** TypeOfLock of LOCKING_ANDX. MS-CIFS 2.2.4.32.1. */
export const Smb1LockType = {
  SHARED_LOCK: 0x01,
  OPLOCK_RELEASE: 0x02,
  CHANGE_LOCKTYPE: 0x04,
  CANCEL_LOCK: 0x08,
  LARGE_FILES: 0x10,
} as const

/** LOCKING_ANDX_RANGE32. MS-CIFS 2.2.4.32.1. */
export const Smb1LockRange = struct('LOCKING_ANDX_RANGE32', 'MS-CIFS 2.2.4.32.1', {
  pid: u16,
  offset: u32,
  length: u32,
})
export type Smb1LockRange = Infer<typeof Smb1LockRange>

/** LOCKING_ANDX_RANGE64: the upper halves come first. MS-CIFS 2.2.4.32.1. */
export const Smb1LargeLockRange = struct('LOCKING_ANDX_RANGE64', 'MS-CIFS 2.2.4.32.1', {
  pid: u16,
  padding: u16.reserved,
  offsetHigh: u32,
  offset: u32,
  lengthHigh: u32,
  length: u32,
})
export type Smb1LargeLockRange = Infer<typeof Smb1LargeLockRange>

/** What the server says of itself: an oplock is broken. MS-CIFS 2.2.4.32.1. */
export const Smb1OplockBreak = struct('SMB1 LOCKING_ANDX Request', 'MS-CIFS 2.2.4.32.1', {
  wordCount: u8.fixed(8),
  ...andX,
  fid: u16.hex,
  typeOfLock: u8.hex,
  newOplockLevel: u8,
  timeout: u32.or(0),
  numberOfRequestedUnlocks: u16.or(0),
  numberOfRequestedLocks: u16.or(0),
  byteCount: u16.lengthOfRest,
})
export type Smb1OplockBreak = Infer<typeof Smb1OplockBreak>

/** MS-CIFS 2.2.4.11.1 (READ), 2.2.4.12.1 (WRITE). */
export const Smb1CoreTransferWords = struct('SMB1 READ and WRITE Request words', 'MS-CIFS 2.2.4.11.1', {
  fid: u16.hex,
  count: u16,
  offset: u32,
})
export type Smb1CoreTransferWords = Infer<typeof Smb1CoreTransferWords>

/** The data of READ's answer and of WRITE: a format before it, and its length. MS-CIFS 2.2.4.11.2, 2.2.4.12.1. */
export const Smb1DataBlock = struct('SMB1 data block', 'MS-CIFS 2.2.4.12.1', {
  bufferFormat: u8.fixed(1),
  dataLength: u16.lengthOf('data'),
  data: tail(bytes),
})
export type Smb1DataBlock = Infer<typeof Smb1DataBlock>

/** MS-CIFS 2.2.4.11.2. */
export const Smb1ReadResponse = struct('SMB1 READ Response', 'MS-CIFS 2.2.4.11.2', {
  wordCount: u8.fixed(5),
  count: u16,
  reserved: octets(8).reserved,
  byteCount: u16.lengthOfRest,
  bufferFormat: u8.fixed(1),
  dataLength: u16.lengthOf('data'),
  data: tail(bytes),
})
export type Smb1ReadResponse = Infer<typeof Smb1ReadResponse>

/** MS-CIFS 2.2.4.12.2. */
export const Smb1WriteResponse = struct('SMB1 WRITE Response', 'MS-CIFS 2.2.4.12.2', {
  wordCount: u8.fixed(1),
  count: u16,
  byteCount: u16.lengthOfRest,
})
export type Smb1WriteResponse = Infer<typeof Smb1WriteResponse>

/** MS-CIFS 2.2.4.42.1, MS-SMB 2.2.4.2.1. */
export const Smb1ReadAndXWords = struct('SMB1 READ_ANDX Request words', 'MS-CIFS 2.2.4.42.1', {
  ...andX,
  fid: u16.hex,
  offset: u32,
  maxCount: u16,
  minCount: u16,
  /** The upper half of `maxCount` (MS-SMB), or a timeout of pipes. */
  maxCountHigh: u32,
  remaining: u16,
})
export type Smb1ReadAndXWords = Infer<typeof Smb1ReadAndXWords>

/** MS-CIFS 2.2.4.42.2, MS-SMB 2.2.4.2.2. */
export const Smb1ReadAndXResponseWords = struct('SMB1 READ_ANDX Response words', 'MS-CIFS 2.2.4.42.2', {
  ...andX,
  available: u16,
  dataCompactionMode: u16,
  reserved: u16.reserved,
  dataLength: u16,
  dataOffset: u16,
  dataLengthHigh: u16,
})
export type Smb1ReadAndXResponseWords = Infer<typeof Smb1ReadAndXResponseWords>

/** MS-CIFS 2.2.4.42.2, MS-SMB 2.2.4.2.2. */
export const Smb1ReadAndXResponse = struct('SMB1 READ_ANDX Response', 'MS-CIFS 2.2.4.42.2', {
  wordCount: u8.fixed(12),
  ...andX,
  available: u16.or(0xffff),
  dataCompactionMode: u16.or(0),
  reserved: u16.reserved,
  dataLength: u16.lengthOf('data'),
  dataOffset: u16.offsetOf('data'),
  dataLengthHigh: u16.or(0),
  reserved2: octets(8).reserved,
  byteCount: u16.lengthOfRest,
  data: tail(bytes, { align: 2 }),
})
export type Smb1ReadAndXResponse = Infer<typeof Smb1ReadAndXResponse>

/** MS-CIFS 2.2.4.43.1, MS-SMB 2.2.4.3.1. */
export const Smb1WriteAndXWords = struct('SMB1 WRITE_ANDX Request words', 'MS-CIFS 2.2.4.43.1', {
  ...andX,
  fid: u16.hex,
  offset: u32,
  timeout: u32,
  writeMode: u16.hex,
  remaining: u16,
  dataLengthHigh: u16,
  dataLength: u16,
  dataOffset: u16,
})
export type Smb1WriteAndXWords = Infer<typeof Smb1WriteAndXWords>

/** The upper half of an offset, in a request that has the words for it: behind all others. MS-CIFS 2.2.4.42.1. */
export const Smb1OffsetHigh = struct('SMB1 OffsetHigh', 'MS-CIFS 2.2.4.42.1', { offsetHigh: u32 })
export type Smb1OffsetHigh = Infer<typeof Smb1OffsetHigh>

/** MS-CIFS 2.2.4.43.2, MS-SMB 2.2.4.3.2. */
export const Smb1WriteAndXResponseWords = struct('SMB1 WRITE_ANDX Response words', 'MS-CIFS 2.2.4.43.2', {
  ...andX,
  count: u16,
  available: u16,
  countHigh: u16,
})
export type Smb1WriteAndXResponseWords = Infer<typeof Smb1WriteAndXResponseWords>

/** MS-CIFS 2.2.4.43.2, MS-SMB 2.2.4.3.2. */
export const Smb1WriteAndXResponse = struct('SMB1 WRITE_ANDX Response', 'MS-CIFS 2.2.4.43.2', {
  wordCount: u8.fixed(6),
  ...andX,
  count: u16,
  available: u16.or(0xffff),
  countHigh: u16.or(0),
  reserved: u16.reserved,
  byteCount: u16.lengthOfRest,
})
export type Smb1WriteAndXResponse = Infer<typeof Smb1WriteAndXResponse>

/** TRANSACTION and TRANSACTION2. MS-CIFS 2.2.4.33.1, 2.2.4.46.1. */
export const Smb1TransactionWords = struct('SMB1 TRANSACTION Request words', 'MS-CIFS 2.2.4.33.1', {
  totalParameterCount: u16,
  totalDataCount: u16,
  maxParameterCount: u16,
  maxDataCount: u16,
  maxSetupCount: u8,
  reserved1: u8.reserved,
  flags: u16.hex,
  timeout: u32,
  reserved2: u16.reserved,
  parameterCount: u16,
  parameterOffset: u16,
  dataCount: u16,
  dataOffset: u16,
  setupCount: u8.countOf('setup'),
  reserved3: u8.reserved,
  setup: tail(array(u16)),
})
export type Smb1TransactionWords = Infer<typeof Smb1TransactionWords>

/** MS-CIFS 2.2.4.33.2, 2.2.4.46.2. */
export const Smb1TransactionResponseWords = struct('SMB1 TRANSACTION Response words', 'MS-CIFS 2.2.4.33.2', {
  totalParameterCount: u16,
  totalDataCount: u16,
  reserved: u16.reserved,
  parameterCount: u16,
  parameterOffset: u16,
  parameterDisplacement: u16,
  dataCount: u16,
  dataOffset: u16,
  dataDisplacement: u16,
})
export type Smb1TransactionResponseWords = Infer<typeof Smb1TransactionResponseWords>

/** MS-CIFS 2.2.4.62.1. */
export const Smb1NtTransactWords = struct('SMB1 NT_TRANSACT Request words', 'MS-CIFS 2.2.4.62.1', {
  maxSetupCount: u8,
  reserved: u16.reserved,
  totalParameterCount: u32,
  totalDataCount: u32,
  maxParameterCount: u32,
  maxDataCount: u32,
  parameterCount: u32,
  parameterOffset: u32,
  dataCount: u32,
  dataOffset: u32,
  setupCount: u8,
  function: u16,
})
export type Smb1NtTransactWords = Infer<typeof Smb1NtTransactWords>

/** MS-CIFS 2.2.4.62.2. */
export const Smb1NtTransactResponseWords = struct('SMB1 NT_TRANSACT Response words', 'MS-CIFS 2.2.4.62.2', {
  reserved1: u8.reserved,
  reserved2: u16.reserved,
  totalParameterCount: u32,
  totalDataCount: u32,
  parameterCount: u32,
  parameterOffset: u32,
  parameterDisplacement: u32,
  dataCount: u32,
  dataOffset: u32,
  dataDisplacement: u32,
})
export type Smb1NtTransactResponseWords = Infer<typeof Smb1NtTransactResponseWords>

/** TRANS2_*: the first setup word of TRANSACTION2. MS-CIFS 2.2.2.2. */
export const Smb1Trans2Command = {
  OPEN2: 0x0000,
  FIND_FIRST2: 0x0001,
  FIND_NEXT2: 0x0002,
  QUERY_FS_INFORMATION: 0x0003,
  SET_FS_INFORMATION: 0x0004,
  QUERY_PATH_INFORMATION: 0x0005,
  SET_PATH_INFORMATION: 0x0006,
  QUERY_FILE_INFORMATION: 0x0007,
  SET_FILE_INFORMATION: 0x0008,
  CREATE_DIRECTORY: 0x000d,
  GET_DFS_REFERRAL: 0x0010,
} as const

/** Parameters before the name of FIND_FIRST2. MS-CIFS 2.2.6.2.1. */
export const Smb1FindFirst2Parameters = struct('TRANS2_FIND_FIRST2 parameters', 'MS-CIFS 2.2.6.2.1', {
  searchAttributes: u16.hex,
  searchCount: u16,
  flags: u16.hex,
  informationLevel: u16.hex,
  searchStorageType: u32,
})
export type Smb1FindFirst2Parameters = Infer<typeof Smb1FindFirst2Parameters>

/** Parameters before the name of QUERY_PATH_INFORMATION and SET_PATH_INFORMATION. MS-CIFS 2.2.6.6.1. */
export const Smb1PathInformationParameters = struct('TRANS2_QUERY_PATH_INFORMATION parameters', 'MS-CIFS 2.2.6.6.1', {
  informationLevel: u16.hex,
  reserved: u32.reserved,
})
export type Smb1PathInformationParameters = Infer<typeof Smb1PathInformationParameters>

/** Parameters of QUERY_FILE_INFORMATION and SET_FILE_INFORMATION. MS-CIFS 2.2.6.8.1. */
export const Smb1FileInformationParameters = struct('TRANS2_QUERY_FILE_INFORMATION parameters', 'MS-CIFS 2.2.6.8.1', {
  fid: u16.hex,
  informationLevel: u16.hex,
})
export type Smb1FileInformationParameters = Infer<typeof Smb1FileInformationParameters>
