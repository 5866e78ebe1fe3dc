/** Answers of transactions, and what stands in their parameters (the words of requests are in words.ts). */
import { bytes, type Infer, octets, optionalTail, struct, u8, u16, u32 } from '../schema/index.ts'

const none = new Uint8Array(0)

/** A whole answer, or a piece of one. MS-CIFS 2.2.4.33.2, 2.2.4.46.2. */
export const Smb1TransactionResponse = struct('SMB1 TRANSACTION Response', 'MS-CIFS 2.2.4.33.2', {
  wordCount: u8.fixed(10),
  totalParameterCount: u16,
  totalDataCount: u16,
  reserved: u16.reserved,
  parameterCount: u16.lengthOf('parameters'),
  parameterOffset: u16.offsetOf('parameters'),
  parameterDisplacement: u16.or(0),
  dataCount: u16.lengthOf('data'),
  dataOffset: u16.offsetOf('data'),
  dataDisplacement: u16.or(0),
  setupCount: u8.or(0),
  reserved2: u8.reserved,
  byteCount: u16.lengthOfRest,
  parameters: optionalTail(bytes, none, { align: 4 }),
  data: optionalTail(bytes, none, { align: 4 }),
})
export type Smb1TransactionResponse = Infer<typeof Smb1TransactionResponse>

/** A whole answer, or a piece of one. MS-CIFS 2.2.4.62.2. */
export const Smb1NtTransactResponse = struct('SMB1 NT_TRANSACT Response', 'MS-CIFS 2.2.4.62.2', {
  wordCount: u8.fixed(18),
  reserved1: octets(3).reserved,
  totalParameterCount: u32,
  totalDataCount: u32,
  parameterCount: u32.lengthOf('parameters'),
  parameterOffset: u32.offsetOf('parameters'),
  parameterDisplacement: u32.or(0),
  dataCount: u32.lengthOf('data'),
  dataOffset: u32.offsetOf('data'),
  dataDisplacement: u32.or(0),
  setupCount: u8.or(0),
  byteCount: u16.lengthOfRest,
  parameters: optionalTail(bytes, none, { align: 4 }),
  data: optionalTail(bytes, none, { align: 4 }),
})
export type Smb1NtTransactResponse = Infer<typeof Smb1NtTransactResponse>

/** NT_TRANSACT_*. MS-CIFS 2.2.2.2. */
export const Smb1NtTransactFunction = {
  CREATE: 0x0001,
  IOCTL: 0x0002,
  SET_SECURITY_DESCRIPTOR: 0x0003,
  NOTIFY_CHANGE: 0x0004,
  RENAME: 0x0005,
  QUERY_SECURITY_DESCRIPTOR: 0x0006,
} as const

/** TRANS_*: what TRANSACTION does with pipes. MS-CIFS 2.2.2.2. */
export const Smb1PipeFunction = {
  SET_STATE: 0x0001,
  QUERY_STATE: 0x0021,
  PEEK: 0x0023,
  TRANSACT: 0x0026,
  WAIT: 0x0053,
  CALL: 0x0054,
} as const

/** Parameters of NT_TRANSACT_QUERY_SECURITY_DESC and of SET. MS-CIFS 2.2.7.3.1, 2.2.7.6.1. */
export const Smb1SecurityParameters = struct('NT_TRANSACT_QUERY_SECURITY_DESC parameters', 'MS-CIFS 2.2.7.6.1', {
  fid: u16.hex,
  reserved: u16.reserved,
  securityInformation: u32.hex,
})
export type Smb1SecurityParameters = Infer<typeof Smb1SecurityParameters>

/** The answer's parameters: bytes of the whole descriptor. MS-CIFS 2.2.7.6.2. */
export const Smb1SecurityLength = struct('NT_TRANSACT_QUERY_SECURITY_DESC answer', 'MS-CIFS 2.2.7.6.2', {
  lengthNeeded: u32,
})
export type Smb1SecurityLength = Infer<typeof Smb1SecurityLength>

/** Setup words of NT_TRANSACT_NOTIFY_CHANGE. MS-CIFS 2.2.7.4.1. */
export const Smb1NotifySetup = struct('NT_TRANSACT_NOTIFY_CHANGE setup', 'MS-CIFS 2.2.7.4.1', {
  completionFilter: u32.hex,
  fid: u16.hex,
  watchTree: u8,
  reserved: u8.reserved,
})
export type Smb1NotifySetup = Infer<typeof Smb1NotifySetup>

/** Setup words of NT_TRANSACT_IOCTL. MS-CIFS 2.2.7.2.1. */
export const Smb1IoctlSetup = struct('NT_TRANSACT_IOCTL setup', 'MS-CIFS 2.2.7.2.1', {
  functionCode: u32.hex,
  fid: u16.hex,
  isFsctl: u8,
  isFlags: u8,
})
export type Smb1IoctlSetup = Infer<typeof Smb1IoctlSetup>

/** Setup words of TRANSACTION on a pipe. MS-CIFS 2.2.5. */
export const Smb1PipeSetup = struct('TRANSACTION setup', 'MS-CIFS 2.2.5', { function: u16.hex, fid: u16.hex })
export type Smb1PipeSetup = Infer<typeof Smb1PipeSetup>

/** Flags of FIND_FIRST2 and FIND_NEXT2. MS-CIFS 2.2.6.2.1. */
export const Smb1FindFlags = {
  CLOSE_AFTER_REQUEST: 0x0001,
  CLOSE_AT_EOS: 0x0002,
  RETURN_RESUME_KEYS: 0x0004,
  CONTINUE_FROM_LAST: 0x0008,
  WITH_BACKUP_INTENT: 0x0010,
} as const

/** Parameters before the name of FIND_NEXT2. MS-CIFS 2.2.6.3.1. */
export const Smb1FindNext2Parameters = struct('TRANS2_FIND_NEXT2 parameters', 'MS-CIFS 2.2.6.3.1', {
  sid: u16.hex,
  searchCount: u16,
  informationLevel: u16.hex,
  resumeKey: u32,
  flags: u16.flags(Smb1FindFlags),
})
export type Smb1FindNext2Parameters = Infer<typeof Smb1FindNext2Parameters>

const found = {
  searchCount: u16,
  endOfSearch: u16,
  eaErrorOffset: u16.or(0),
  /** Where in the data the last entry begins. */
  lastNameOffset: u16,
} as const

/** MS-CIFS 2.2.6.2.2. */
export const Smb1FindFirst2Answer = struct('TRANS2_FIND_FIRST2 answer', 'MS-CIFS 2.2.6.2.2', { sid: u16.hex, ...found })
export type Smb1FindFirst2Answer = Infer<typeof Smb1FindFirst2Answer>

/** MS-CIFS 2.2.6.3.2. */
export const Smb1FindNext2Answer = struct('TRANS2_FIND_NEXT2 answer', 'MS-CIFS 2.2.6.3.2', found)
export type Smb1FindNext2Answer = Infer<typeof Smb1FindNext2Answer>

/** Parameters before the name of CREATE_DIRECTORY. MS-CIFS 2.2.6.14.1. */
export const Smb1CreateDirectoryParameters = struct('TRANS2_CREATE_DIRECTORY parameters', 'MS-CIFS 2.2.6.14.1', {
  reserved: u32.reserved,
})
export type Smb1CreateDirectoryParameters = Infer<typeof Smb1CreateDirectoryParameters>

/** Levels from here on are information classes of MS-FSCC, and this. MS-SMB 2.2.2.3.5. */
export const SMB1_PASS_THROUGH = 1000

/** Parameters of QUERY_FS_INFORMATION. MS-CIFS 2.2.6.4.1. */
export const Smb1VolumeParameters = struct('TRANS2_QUERY_FS_INFORMATION parameters', 'MS-CIFS 2.2.6.4.1', {
  informationLevel: u16.hex,
})
export type Smb1VolumeParameters = Infer<typeof Smb1VolumeParameters>

/** Answers whose parameters say no more than where attributes are wrong: nowhere. MS-CIFS 2.2.6.6.2. */
export const Smb1EaErrorOffset = struct('TRANS2 EaErrorOffset', 'MS-CIFS 2.2.6.6.2', { eaErrorOffset: u16.or(0) })
export type Smb1EaErrorOffset = Infer<typeof Smb1EaErrorOffset>
