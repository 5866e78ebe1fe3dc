import { lenient } from '../../bytes/lenient.ts'
import {
  Command,
  FsctlCode,
  IoctlRequest,
  IoctlResponse,
  ReadResponse,
  SMB2_HEADER_SIZE,
  WriteRequest,
} from '../../wire/smb2/index.ts'

/** What a message of SMB2 carries of a pipe or a file, and may be DCE/RPC; undefined where it carries nothing. */
export function pipeData(view: DataView, command: number, fromServer: boolean): Uint8Array | undefined {
  const decode = <T>(of: { decode(view: DataView, base: number, end: number, origin: number): T }): T | undefined =>
    lenient(() => of.decode(view, SMB2_HEADER_SIZE, view.byteLength, 0))
  if (command === Command.READ && fromServer) return decode(ReadResponse)?.data
  if (command === Command.WRITE && !fromServer) return decode(WriteRequest)?.data
  if (command !== Command.IOCTL) return undefined
  if (fromServer) {
    const response = decode(IoctlResponse)
    return response?.ctlCode === FsctlCode.PIPE_TRANSCEIVE ? response.output : undefined
  }
  const request = decode(IoctlRequest)
  return request?.ctlCode === FsctlCode.PIPE_TRANSCEIVE ? request.input : undefined
}
