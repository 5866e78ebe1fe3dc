import { AccessMask } from '../dtyp/access-mask.ts'
import { FileAttributes } from '../fscc/file-attributes.ts'
import {
  bytes,
  chain,
  filetime,
  type Infer,
  latin1,
  optionalTail,
  struct,
  tail,
  u8,
  u16,
  u32,
  u64,
  utf16,
} from '../schema/index.ts'
import {
  CreateAction,
  CreateDisposition,
  CreateOptions,
  CreateResponseFlags,
  ImpersonationLevel,
  OplockLevel,
  ShareAccess,
} from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2_CREATE_CONTEXT: its name as Latin-1 (see CreateContextName), its data still encoded. MS-SMB2 2.2.13.2. */
export const CreateContext = struct('SMB2_CREATE_CONTEXT', '2.2.13.2', {
  next: u32.reserved,
  nameOffset: u16.offsetOf('name'),
  nameLength: u16.lengthOf('name'),
  reserved: u16.reserved,
  dataOffset: u16.offsetOf('data'),
  dataLength: u32.lengthOf('data'),
  name: tail(latin1),
  data: optionalTail(bytes, new Uint8Array(0), { align: 8, zeroOffsetWhenEmpty: true }),
})
export type CreateContext = Infer<typeof CreateContext>

const createContexts = optionalTail(chain(CreateContext, { align: 8, limit: 256 }), [], {
  align: 8,
  zeroOffsetWhenEmpty: true,
})

/** SMB2 CREATE Request. MS-SMB2 2.2.13. */
export const CreateRequest = struct('SMB2 CREATE Request', '2.2.13', {
  structureSize: u16.fixed(57),
  securityFlags: u8.reserved,
  requestedOplockLevel: u8.oneOf(OplockLevel).or(OplockLevel.NONE),
  impersonationLevel: u32.oneOf(ImpersonationLevel).or(ImpersonationLevel.IMPERSONATION),
  smbCreateFlags: u64.reserved,
  reserved: u64.reserved,
  desiredAccess: u32.flags(AccessMask),
  fileAttributes: u32.flags(FileAttributes).or(0),
  shareAccess: u32.flags(ShareAccess),
  createDisposition: u32.oneOf(CreateDisposition),
  createOptions: u32.flags(CreateOptions),
  nameOffset: u16.offsetOf('name'),
  nameLength: u16.lengthOf('name'),
  createContextsOffset: u32.offsetOf('createContexts'),
  createContextsLength: u32.lengthOf('createContexts'),
  name: tail(utf16, { padEmpty: 1 }),
  createContexts,
})
export type CreateRequest = Infer<typeof CreateRequest>

/** SMB2 CREATE Response. MS-SMB2 2.2.14. */
export const CreateResponse = struct('SMB2 CREATE Response', '2.2.14', {
  structureSize: u16.fixed(89),
  oplockLevel: u8.oneOf(OplockLevel),
  flags: u8.flags(CreateResponseFlags).or(0),
  createAction: u32.oneOf(CreateAction),
  creationTime: filetime,
  lastAccessTime: filetime,
  lastWriteTime: filetime,
  changeTime: filetime,
  allocationSize: u64,
  endOfFile: u64,
  fileAttributes: u32.flags(FileAttributes),
  reserved2: u32.reserved,
  fileId: FileId,
  createContextsOffset: u32.offsetOf('createContexts'),
  createContextsLength: u32.lengthOf('createContexts'),
  createContexts,
})
export type CreateResponse = Infer<typeof CreateResponse>
