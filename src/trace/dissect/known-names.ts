import { interfaceNames } from '../../wire/dcerpc/index.ts'
import { allFlagNames } from './wireshark-flags.ts'
import { allNames } from './wireshark-names.ts'

/** What is not a field of a declaration: what follows from other messages, and what TCP says. */
const others: readonly string[] = [
  'smb.error_class',
  'smb.error_code',
  'smb.response_to',
  'smb.response_in',
  'smb.time',
  'smb2.acct',
  'smb2.domain',
  'smb2.host',
  'smb2.response_to',
  'smb2.response_in',
  'smb2.time',
  'smb2.tree',
  'smb2.fid.filename',
  'smb2.share_type',
  'smb2.channel_sequence',
  'smb2.credits.requested',
  'dcerpc.request_in',
  'dcerpc.reassembled_in',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.port',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.flags',
  'tcp.flags.fin',
  'tcp.flags.syn',
  'tcp.flags.reset',
  'tcp.flags.push',
  'tcp.flags.ack',
  'tcp.window_size_value',
  'tcp.len',
  'tcp.stream',
  'tcp.analysis.retransmission',
  'tcp.analysis.out_of_order',
  'tcp.analysis.duplicate_ack',
  'tcp.analysis.zero_window',
  'udp.srcport',
  'udp.dstport',
  'udp.port',
  ...['ip', 'ipv6'].flatMap((protocol) => ['src', 'dst', 'addr'].map((name) => `${protocol}.${name}`)),
  'frame.number',
  'frame.len',
  'frame.cap_len',
  'frame.time',
  'frame.time_epoch',
  'frame.time_relative',
  'frame.time_delta',
]

/** All names that fields have. */
export const wiresharkNames: readonly string[] = [
  ...allNames,
  ...others,
  // Each interface of DCE/RPC is a protocol of its own.
  ...interfaceNames.flatMap((name) => [name, `${name}.opnum`]),
]
export const flagNames: readonly string[] = allFlagNames
