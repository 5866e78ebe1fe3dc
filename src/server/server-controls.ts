import { viewOf } from '../bytes/utf16.ts'
import { ProtocolError } from '../protocol/frame-assembler.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  Dialect,
  InterfaceCapability,
  type IoctlRequest,
  NetworkInterfaceInfoResponse,
  SockaddrIn,
  SockaddrIn6,
  ValidateNegotiateInfoRequest,
  ValidateNegotiateInfoResponse,
} from '../wire/smb2/index.ts'
import type { ControlResult } from './control.ts'
import type { Request } from './request.ts'
import type { Steps } from './steps.ts'

/** MS-SMB2 3.3.5.15.12: what NEGOTIATE settled, now under a signature; a client that was lied to is cut off. */
export function* validateNegotiateInfo(request: Request, body: IoctlRequest): Steps<ControlResult | Failure> {
  const { connection } = request
  const { negotiated, server } = connection
  if (negotiated === undefined) return fail(NtStatus.FILE_CLOSED)
  // 3.1.1 has its hash for this: who asks here was lied to about the dialect.
  if (negotiated.dialect === Dialect.SMB_3_1_1) throw new ProtocolError('VALIDATE_NEGOTIATE_INFO on 3.1.1')
  if (body.maxOutputResponse < ValidateNegotiateInfoResponse.size)
    throw new ProtocolError('VALIDATE_NEGOTIATE_INFO without room for its answer')
  const asked = ValidateNegotiateInfoRequest.decode(viewOf(body.input))
  const matches =
    asked.dialects.length === negotiated.clientDialects.length &&
    asked.dialects.every((dialect, i) => dialect === negotiated.clientDialects[i]) &&
    asked.capabilities === negotiated.clientCapabilities &&
    asked.guid === negotiated.clientGuid &&
    asked.securityMode === negotiated.clientSecurityMode
  if (!matches) throw new ProtocolError('NEGOTIATE was tampered with')
  return {
    output: ValidateNegotiateInfoResponse.encode({
      capabilities: negotiated.serverCapabilities,
      guid: server.guid,
      securityMode: negotiated.serverSecurityMode,
      dialect: negotiated.dialect,
    }),
  }
}

/** Of interfaces whose speed nobody tells: 1 Gbit/s. */
const USUAL_LINK_SPEED = 1_000_000_000

/** MS-SMB2 3.3.5.15.11. */
export function* networkInterfaces(request: Request, body: IoctlRequest): Steps<ControlResult | Failure> {
  const { server, transport } = request.connection
  const [local = ''] = transport.local.split('%')
  const interfaces = server.reachableBy(local).map(({ address, interfaceIndex, linkSpeed, scales }) => ({
    ifIndex: interfaceIndex,
    capability: scales ? InterfaceCapability.RSS_CAPABLE : 0,
    linkSpeed: BigInt(linkSpeed ?? USUAL_LINK_SPEED),
    sockaddr: address.includes(':')
      ? SockaddrIn6.encode({ address: ipv6Bytes(address) })
      : SockaddrIn.encode({ address: Uint8Array.from(address.split('.'), Number) }),
  }))
  if (interfaces.length === 0) return fail(NtStatus.NOT_SUPPORTED)
  const output = NetworkInterfaceInfoResponse.encode({ interfaces })
  return output.length > body.maxOutputResponse ? fail(NtStatus.BUFFER_TOO_SMALL) : { output }
}

function ipv6Bytes(address: string): Uint8Array {
  const [head = '', rest] = (address.split('%')[0] as string).split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const front = groups(head)
  const back = rest === undefined ? [] : groups(rest)
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0')
  const bytes = new Uint8Array(16)
  const view = viewOf(bytes)
  ;[...front, ...zeros, ...back].forEach((group, i) => view.setUint16(i * 2, Number.parseInt(group, 16), false))
  return bytes
}
