import type { Kind } from './compare.ts'

/** Why two readers of a capture differ, and in how many places. */
interface Known {
  readonly kind: Kind
  readonly count: number
  readonly why: string
}

const known = (kind: Kind, count: number, why: string): Known => ({ kind, count, why })

const cancelled = 'tshark counts the time of a cancelled request from its CANCEL, which has the same message id'
const cutFrames = 'tshark does not put together what the capture has cut: it shows a message at its first frame'
const cutTimes = 'tshark counts the time of a message that is cut in the capture from, or to, its first frame'
const datagram = 'a NetBIOS datagram holds SMB1; it is an announcement here, and no transaction'
const pieces = 'the answer to an SMB1 transaction comes in several messages: it is there when the last one is'
const chained = 'each command of an AndX chain has its answer here, and its time'
const breaks = 'a server breaks an oplock of SMB1 by a request that has no answer: it is told as the server saying it'
const damaged = 'made to be wrong: where it goes on is a guess of each reader'
const again = 'a message that tshark takes for one sent again, of which the capture has the first sending not'

/** By capture: where we differ from tshark 4.0.17, and are right or mean another thing. */
export const knownDifferences: Readonly<Record<string, readonly Known[]>> = {
  'local-fail-server-killed-midsession.pcap': [
    known('frame', 1, 'the request has no end in the capture: we show it at the last frame of it that is there'),
  ],
  'local-locks-async-cancel.pcap': [known('time', 2, cancelled)],
  'local-notify-basic.pcap': [known('time', 1, cancelled)],
  'local-notify-tdis-close.pcap': [known('time', 1, cancelled)],
  'local-notify-tree-mask.pcapng': [known('time', 304, cancelled)],
  'local-session-encryption.pcap.decrypted': [known('time', 2, cancelled)],
  'local-nt1-oplock.pcap': [known('missing', 3, breaks), known('extra', 3, breaks)],
  'local-perf-chatty-rtt40ms.pcap': [known('extra', 1, again)],
  'local-perf-client-zero-window.pcap': [known('frame', 3, cutFrames)],
  'local-perf-loss2pct-putget-serverside.pcap': [known('time', 1, cutTimes), known('frame', 2, cutFrames)],
  'local-perf-loss2pct-putget.pcap': [known('time', 1, cutTimes), known('frame', 2, cutFrames)],
  'local-perf-server-stall-during-put.pcap': [known('time', 2, cutTimes), known('frame', 2, cutFrames)],
  'local-perf-small-rw.pcap': [known('time', 10, cutTimes), known('frame', 20, cutFrames)],
  'local-putget-20mb-snap200.pcap.gz': [known('time', 5, cutTimes), known('frame', 4, cutFrames)],
  'local-putget-600k-nt1-snap300.pcap': [known('time', 5, cutTimes), known('frame', 15, cutFrames)],
  'local-streams.pcap': [known('name', 5, 'tshark writes control characters of names as escapes')],
  'ndpi-win98-smb-netbeui.pcap': [known('missing', 93, 'NetBEUI, without IP: not read')],
  'suricata-smb1-eicar-andx.pcap': [known('time', 1, chained)],
  'suricata-smb1-filecontainer.pcap': [known('missing', 3, pieces)],
  'suricata-smb1-osx.pcap': [known('extra', 1, again), known('time', 1, again)],
  'suricata-smb1-smb2-krb5-filename.pcap': [known('missing', 9, pieces), known('time', 1, pieces)],
  'suricata-smb2-length-5786.pcap': [
    known('status', 18, 'tshark tells the status in the create context of maximal access, too'),
  ],
  'suricata-smb2-ntlmssp-negotiateflags.pcap': [known('missing', 15, datagram)],
  'suricata-smb2-peter-gap2.pcap': [known('extra', 1, 'tshark does not read on behind a gap')],
  'suricata-smb2-psexec.pcap': [known('missing', 1, datagram)],
  'zeek-netbios-split-session-msg.pcap': [known('missing', 1, damaged)],
  'zeek-smb1-fuzz-54883.pcap': [known('missing', 2, damaged), known('extra', 22, damaged)],
  'zeek-smb1-raw-ntlm.pcap': [known('missing', 2, datagram), known('extra', 1, chained)],
  'zeek-smb3-multichannel.pcap': [known('missing', 1, datagram)],
}
