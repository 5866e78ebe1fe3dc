import { bytes, type Infer, optionalTail, struct, u16, u32 } from '../schema/index.ts'
import { IoctlFlags } from './file-constants.ts'
import { FileId } from './file-id.ts'
import { FsctlCode } from './fsctl.ts'

const none = new Uint8Array(0)

/** SMB2 IOCTL Request. MS-SMB2 2.2.31. Where both buffers are empty, nothing follows the fixed part. */
export const IoctlRequest = struct('SMB2 IOCTL Request', '2.2.31', {
  structureSize: u16.fixed(57),
  reserved: u16.reserved,
  ctlCode: u32.oneOf(FsctlCode),
  fileId: FileId,
  inputOffset: u32.offsetOf('input'),
  inputCount: u32.lengthOf('input'),
  maxInputResponse: u32.or(0),
  outputOffset: u32.offsetOf('output'),
  outputCount: u32.lengthOf('output'),
  maxOutputResponse: u32,
  flags: u32.flags(IoctlFlags),
  reserved2: u32.reserved,
  input: optionalTail(bytes, none),
  output: optionalTail(bytes, none, { align: 8 }),
})
export type IoctlRequest = Infer<typeof IoctlRequest>

/** SMB2 IOCTL Response. MS-SMB2 2.2.32. */
export const IoctlResponse = struct('SMB2 IOCTL Response', '2.2.32', {
  structureSize: u16.fixed(49),
  reserved: u16.reserved,
  ctlCode: u32.oneOf(FsctlCode),
  fileId: FileId,
  inputOffset: u32.offsetOf('input'),
  inputCount: u32.lengthOf('input'),
  outputOffset: u32.offsetOf('output'),
  outputCount: u32.lengthOf('output'),
  flags: u32.reserved,
  reserved2: u32.reserved,
  input: optionalTail(bytes, none),
  output: optionalTail(bytes, none, { align: 8 }),
})
export type IoctlResponse = Infer<typeof IoctlResponse>
